const paths = {
  home: 'M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1h-4.5v-5h-5v5H5a1 1 0 0 1-1-1z',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zm4.7-1.8L20 20',
  graph: 'M12 4 19 8v8l-7 4-7-4V8zM5 8l7 4 7-4M12 12v8',
  request: 'M4 7h11m0 0-3.5-3.5M15 7l-3.5 3.5M20 17H9m0 0 3.5-3.5M9 17l3.5 3.5',
  live: 'M12 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM7.8 16.2a6 6 0 0 1 0-8.4m8.4 0a6 6 0 0 1 0 8.4M5 19a10 10 0 0 1 0-14m14 0a10 10 0 0 1 0 14',
  shield: 'M12 4l7 2.5V12c0 4-3 7-7 8-4-1-7-4-7-8V6.500zM9 12l2.2 2.200L15.5 10',
  audit: 'M6 4h9l4 4v12H6zM15 4v4h4M9 12h7M9 16h5',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  chevron: 'M7 10l5 5 5-5',
  right: 'M10 7l5 5-5 5',
  left: 'M14 7l-5 5 5 5',
  up: 'M12 19V6m0 0-5 5m5-5 5 5',
  down: 'M12 5v13m0 0-5-5m5 5 5-5',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  check: 'M5 12.500l4.5 4.500L19 7.5',
  alert: 'M12 4l9 16H3zM12 10v4m0 2.800v.2',
  info: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 11v5m0-8.200v.2',
  edit: 'M5 19l.8-4L16 4.800l3.2 3.200L9 18.200zM14 7l3 3',
  trash: 'M5 7h14M10 7V4.500h4V7m-7 0 .8 12.500h8.400L17 7',
  clock: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 8v4.500l3 2',
  link: 'M10 14a4 4 0 0 0 6 .4l2.5-2.500a4 4 0 0 0-5.7-5.700L11.5 7.500M14 10a4 4 0 0 0-6-.4l-2.5 2.500a4 4 0 0 0 5.7 5.700l1.3-1.3',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20a7 7 0 0 1 14 0',
  moon: 'M19 14.500A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.500z',
  columns: 'M4 5h16v14H4zM10 5v14M15 5v14',
  chart: 'M4 19h16M6 15l4-5 3.5 3L19 6',
  play: 'M8 5.500v13l10-6.500z',
  pause: 'M8 5v14M16 5v14',
  out: 'M14 5H6v14h8M11 12h9m0 0-3.5-3.500M20 12l-3.5 3.5',
} as const;

export type IconName = keyof typeof paths;

/** A line icon; it says nothing to screen readers, its neighbour text does. */
export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg
    className="icon"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.7"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
  >
    <path d={paths[name]} />
  </svg>
);
