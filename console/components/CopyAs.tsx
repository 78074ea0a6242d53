import { useEffect, useState } from 'react';
import type { Written } from '../fhir/copy-as.js';
import { Actions } from './fields.js';

/** A menu that copies something in one of several ways. */
export function CopyAs({ label, written }: { readonly label: string; readonly written: readonly Written[] }) {
  const [said, setSaid] = useState<string>();
  useEffect(() => {
    if (said === undefined) return undefined;
    const timer = setTimeout(() => {
      setSaid(undefined);
    }, 2500);
    return () => {
      clearTimeout(timer);
    };
  }, [said]);
  return (
    <>
      <Actions
        label={said ?? label}
        icon={said === undefined ? 'copy' : 'check'}
        items={written.filter(({ code }) => code !== undefined).map(({ id, text, hint }) => ({ id, text, hint }))}
        onAction={(id) => {
          const found = written.find((each) => each.id === id);
          if (found?.code === undefined) return;
          navigator.clipboard.writeText(found.code).then(
            () => {
              setSaid(`Copied as ${found.text}`);
            },
            () => {
              setSaid('The browser does not let it be copied');
            },
          );
        }}
      />
      <span className="hidden-visually" role="status">
        {said}
      </span>
    </>
  );
}
