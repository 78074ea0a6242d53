// Loaded into a server's process before it: its clock is ahead by CLOCK_AHEAD milliseconds, as if it started so much later.
const ahead = Number(process.env['CLOCK_AHEAD'] ?? 0);
const now = Date.now;
Date.now = () => now() + ahead;
