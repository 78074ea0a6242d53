import { Link } from '@tanstack/react-router';
import { isObject, textAt } from '../fhir/json.js';
import { valueText } from '../fhir/text.js';
import { useVersion } from '../session/queries.js';
import { targetOf } from './target.js';
import { useTitles } from './Titles.js';

/** A reference as a link, by its display where it has one. */
export function ReferenceLink({ value }: { readonly value: unknown }) {
  const version = useVersion();
  const reference = textAt(value, 'reference');
  const target = targetOf(reference);
  const titles = useTitles();
  const known = target === undefined ? undefined : titles.get(`${target.type}/${target.id}`);
  const text = textAt(value, 'display') ?? known ?? reference ?? textAt(value, 'identifier', 'value') ?? '';
  if (target === undefined) return <span>{text}</span>;
  return (
    <Link to="/$version/$type/$id" params={{ version, ...target }} title={reference}>
      {text === reference ? `${target.type} ${target.id.length > 12 ? `${target.id.slice(0, 8)}…` : target.id}` : text}
    </Link>
  );
}

/** Any value in a line: references as links, everything else as text. */
export function Value({ value }: { readonly value: unknown }) {
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    const [first] = items;
    if (isObject(first) && 'reference' in first)
      return items.map((each, place) => (
        <span key={place}>
          {place > 0 ? ', ' : ''}
          <ReferenceLink value={each} />
        </span>
      ));
  }
  if (isObject(value) && 'reference' in value) return <ReferenceLink value={value} />;
  return <>{valueText(value)}</>;
}

const kinds: Readonly<Record<string, string>> = {
  active: 'good',
  final: 'good',
  finished: 'good',
  completed: 'good',
  amended: 'good',
  'in-progress': 'accent',
  planned: 'accent',
  draft: 'accent',
  preliminary: 'accent',
  'entered-in-error': 'bad',
  cancelled: 'warn',
  stopped: 'warn',
  'on-hold': 'warn',
};

/** A status with the colour of what it means; the word stands in it, the colour only helps. */
export const Status = ({ status }: { readonly status: string }) => (
  <span className={`chip ${kinds[status.toLowerCase()] ?? ''}`}>{status}</span>
);
