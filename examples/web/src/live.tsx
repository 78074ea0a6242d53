import type { Liveness } from './use-live-updates';

const words: Record<Liveness, string> = {
  connecting: 'Connecting …',
  live: 'Live',
  off: 'No live updates: load the page again',
};

/** Says whether what is shown is kept up to date. */
export const Live = ({ liveness }: { liveness: Liveness }) => (
  <span role="status" className="live" data-liveness={liveness}>
    {words[liveness]}
  </span>
);
