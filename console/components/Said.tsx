import type { ReactNode } from 'react';
import { RequestError, sentenceOf } from '../fhir/outcome.js';
import { Icon, type IconName } from './Icon.js';

/** Something worth saying beside the content. */
export function Notice({
  kind = 'info',
  children,
}: {
  readonly kind?: 'info' | 'good' | 'warn' | 'bad';
  readonly children: ReactNode;
}) {
  const icon: IconName = kind === 'good' ? 'check' : kind === 'info' ? 'info' : 'alert';
  return (
    <div className={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

const titles: Readonly<Record<number, string>> = {
  0: 'No connection',
  401: 'You are signed out',
  403: 'You may not do this',
  404: 'This is not here, or not for you to see',
  409: 'Somebody else changed it meanwhile',
  410: 'This was deleted',
  412: 'Somebody else changed it meanwhile',
  413: 'This is too much at once',
  422: 'The resource breaks rules of its type',
};

/** What went wrong, as the server says it. */
export function Refusal({ error }: { readonly error: unknown }) {
  const status = error instanceof RequestError ? error.status : undefined;
  const issues = error instanceof RequestError ? error.issues : [];
  const title = status === undefined ? undefined : titles[status];
  return (
    <Notice kind={status === 410 || status === 404 ? 'warn' : 'bad'}>
      {title === undefined ? null : (
        <p>
          <strong>{title}.</strong>
        </p>
      )}
      {issues.length > 1 ? (
        <ul>
          {issues.map((issue, place) => (
            <li key={place}>{issue.text}</li>
          ))}
        </ul>
      ) : (
        <p>{sentenceOf(error)}</p>
      )}
    </Notice>
  );
}

/** What stands where there is nothing yet, and says how there would be something. */
export function Empty({
  icon,
  title,
  children,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h3>{title}</h3>
      {children}
    </div>
  );
}

/** Grey lines in the place of what is being asked for. */
export function Loading({ lines = 5, label = 'Loading' }: { readonly lines?: number; readonly label?: string }) {
  return (
    <div className="stack" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, place) => (
        <span
          key={place}
          className="loading"
          style={{ height: '1rem', width: `${String(92 - ((place * 17) % 40))}%` }}
        />
      ))}
    </div>
  );
}
