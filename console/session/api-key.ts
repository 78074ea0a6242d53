const name = 'api-key';

/** The API key of this tab. */
export const keptKey = (): string | undefined => sessionStorage.getItem(name) ?? undefined;

/** Keeps a key until the tab is closed; forgets it without one. */
export function keepKey(key: string | undefined): void {
  if (key === undefined) sessionStorage.removeItem(name);
  else sessionStorage.setItem(name, key);
}
