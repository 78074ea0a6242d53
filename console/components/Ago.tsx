import { useEffect, useState } from 'react';
import { agoText } from '../fhir/text.js';

/** How long ago a moment is, brought up to date every half minute. */
export function Ago({ when }: { readonly when: string | undefined }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 30_000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return <time dateTime={when}>{agoText(when, now)}</time>;
}
