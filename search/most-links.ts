/** So many links one chain may have: each leads to the next, and whoever follows them must not overflow the stack. */
export const mostLinks = 50;
