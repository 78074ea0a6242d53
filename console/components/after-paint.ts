/**
 * Does what takes long once the page has answered: after the next picture, so that nobody waits for it to see their click
 * was taken.
 * @returns a function that leaves it undone, if it was not done yet.
 */
export function afterPaint(work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(work);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
