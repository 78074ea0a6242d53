import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type ChangesAsked, listen } from './graphql';

/** Whether changes are told: `off` when the server refused, or Amplify gave up. */
export type Liveness = 'connecting' | 'live' | 'off';

/**
 * Reads queries again whenever the server tells of a change, and whenever it could have told of one and was not heard.
 * @param key what the keys of these queries begin with.
 */
export function useLiveUpdates(key: string, { type, id, compartment }: ChangesAsked): Liveness {
  const queries = useQueryClient();
  const [liveness, setLiveness] = useState<Liveness>('connecting');
  useEffect(() => {
    const readAgain = (): void => void queries.invalidateQueries({ queryKey: [key] });
    return listen(
      { type, id, compartment },
      {
        onChange: readAgain,
        onConnected() {
          setLiveness('live');
          readAgain();
        },
        onError: () => setLiveness('off'),
      },
    );
  }, [queries, key, type, id, compartment]);
  return liveness;
}
