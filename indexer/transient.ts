const connectionErrors = new Set(['ConnectionError', 'TimeoutError', 'NoLivingConnectionsError', 'AbortError']);

/** Whether an engine does not answer for now, by the status or the name of what it threw: nothing is wrong with a version. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, status, statusCode } = error as Error & { status?: unknown; statusCode?: unknown };
  const answered = status ?? statusCode;
  return connectionErrors.has(name) || (typeof answered === 'number' && (answered === 429 || answered >= 500));
}
