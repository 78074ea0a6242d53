import { useCallback, useState } from 'react';

/** What pages show again when one comes back to them while the tab is open; stored nowhere. */
const kept = new Map<string, unknown>();

/**
 * State that outlasts the page it is on, and ends with the tab, or with signing in or out.
 * @param key its name among all pages.
 */
export function useKept<Value>(key: string, initial: Value): readonly [Value, (next: Value) => void] {
  const [value, setValue] = useState<Value>(() => (kept.has(key) ? (kept.get(key) as Value) : initial));
  const set = useCallback(
    (next: Value) => {
      kept.set(key, next);
      setValue(next);
    },
    [key],
  );
  return [value, set];
}
