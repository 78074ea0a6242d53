import { Link } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useMemo, useState } from 'react';
import { Empty, Loading, Refusal } from '../../components/Said.js';
import { TypeBadge } from '../../components/TypeBadge.js';
import { Status } from '../../components/Value.js';
import type { Resource } from '../../fhir/json.js';
import { remembered } from '../../fhir/remembered.js';
import { dateText, findingText, isVoid, statusOf, titleOf, whenOf } from '../../fhir/text.js';
import type { FhirVersion } from '../../fhir/version.js';
import { useVersion } from '../../session/queries.js';
import { useAllPages } from './record.js';

interface Moment {
  readonly resource: Resource;
  readonly when: string;
  readonly at: number;
}

/** The patient, and what tells of the record instead of being in it. */
const hidden = ['Patient', 'AuditEvent', 'Provenance'];

/** What has a date, the latest first. */
const momentsOf = remembered((resources: readonly Resource[]): readonly Moment[] =>
  resources
    .flatMap((resource) => {
      const when = hidden.includes(resource.resourceType) ? undefined : whenOf(resource);
      const at = when === undefined ? Number.NaN : new Date(when).getTime();
      return when === undefined || Number.isNaN(at) ? [] : [{ resource, when, at }];
    })
    .toSorted((a, b) => b.at - a.at),
);

function Filters({
  moments,
  chosen,
  onChange,
}: {
  readonly moments: readonly Moment[];
  readonly chosen: ReadonlySet<string>;
  readonly onChange: (chosen: ReadonlySet<string>) => void;
}) {
  const counts = new Map<string, number>();
  for (const { resource } of moments) counts.set(resource.resourceType, (counts.get(resource.resourceType) ?? 0) + 1);
  return (
    <div className="row" role="group" aria-label="Types shown">
      <button
        type="button"
        className="filter"
        aria-pressed={chosen.size === 0}
        onClick={() => {
          onChange(new Set());
        }}
      >
        All <span className="numbers">{moments.length.toLocaleString()}</span>
      </button>
      {[...counts]
        .toSorted(([, a], [, b]) => b - a)
        .map(([type, count]) => (
          <button
            key={type}
            type="button"
            className="filter"
            aria-pressed={chosen.has(type)}
            onClick={() => {
              const next = new Set(chosen);
              if (!next.delete(type)) next.add(type);
              onChange(next);
            }}
          >
            <TypeBadge type={type} /> <span className="numbers">{count.toLocaleString()}</span>
          </button>
        ))}
    </div>
  );
}

/** One, drawn once: it does not change while it scrolls by. */
const Told = memo(function Told({
  moment: { resource, when },
  version,
}: {
  readonly moment: Moment;
  readonly version: FhirVersion;
}) {
  return (
    <>
      <span className="moment-when small soft">{dateText(when)}</span>
      <TypeBadge type={resource.resourceType} />
      <Link to="/$version/$type/$id" params={{ version, type: resource.resourceType, id: resource.id ?? '' }}>
        {titleOf(resource)}
      </Link>
      <span className="moment-value">
        {isVoid(resource) ? <Status status={statusOf(resource) ?? ''} /> : null}
        <span className={isVoid(resource) ? 'numbers struck' : 'numbers'}>{findingText(resource)}</span>
      </span>
    </>
  );
});

function Moments({ moments }: { readonly moments: readonly Moment[] }) {
  const version = useVersion();
  const [top, setTop] = useState(0);
  const measure = useCallback((list: HTMLOListElement | null) => {
    setTop(list?.offsetTop ?? 0);
  }, []);
  const rows = useWindowVirtualizer({
    count: moments.length,
    estimateSize: () => 46,
    overscan: 6,
    useFlushSync: false, // a key is answered before the rows that it scrolls to are drawn
    scrollMargin: top,
  });
  return (
    <ol
      ref={measure}
      className="card moments"
      style={{ height: rows.getTotalSize() }}
      aria-label="Timeline, the latest first"
    >
      {rows.getVirtualItems().map((row) => {
        const moment = moments[row.index];
        if (moment === undefined) return null;
        const year = moment.when.slice(0, 4);
        const isFirst = moments[row.index - 1]?.when.slice(0, 4) !== year;
        return (
          <li
            key={row.key}
            ref={rows.measureElement}
            data-index={row.index}
            aria-setsize={moments.length}
            aria-posinset={row.index + 1}
            style={{ transform: `translateY(${String(row.start - rows.options.scrollMargin)}px)` }}
          >
            <span className="moment-year">{isFirst ? year : ''}</span>
            <Told moment={moment} version={version} />
          </li>
        );
      })}
    </ol>
  );
}

/** The whole record in the order of time; only what is on the screen is in the document. */
export default function Timeline({ type, id }: { readonly type: string; readonly id: string }) {
  const { resources, isComplete, error } = useAllPages(`${type}/${id}/$everything?_count=500`);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const moments = momentsOf(resources);
  const shown = useMemo(
    () => (chosen.size === 0 ? moments : moments.filter(({ resource }) => chosen.has(resource.resourceType))),
    [moments, chosen],
  );
  if (error !== null) return <Refusal error={error} />;
  if (moments.length === 0)
    return isComplete ? (
      <div className="card">
        <Empty icon="clock" title="Nothing with a date is recorded">
          <p>Encounters, findings, medications and all else that has a date appears here.</p>
        </Empty>
      </div>
    ) : (
      <Loading lines={10} />
    );
  return (
    <div className="stack">
      <Filters moments={moments} chosen={chosen} onChange={setChosen} />
      {isComplete ? null : (
        <p className="soft small" role="status">
          {resources.length.toLocaleString()} resources so far…
        </p>
      )}
      <Moments moments={shown} />
    </div>
  );
}
