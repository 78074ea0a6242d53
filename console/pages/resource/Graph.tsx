import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useLayoutEffect, useRef, useState } from 'react';
import { Loading, Refusal } from '../../components/Said.js';
import { targetOf } from '../../components/target.js';
import { TypeBadge } from '../../components/TypeBadge.js';
import { askTogether, resourcesOf } from '../../fhir/bundle.js';
import type { Resource } from '../../fhir/json.js';
import { together } from '../../fhir/pointing.js';
import { type Referred, referencesOf } from '../../fhir/references.js';
import { dateText, titleOf, whenOf, wordsOf } from '../../fhir/text.js';
import { useApi, useVersion } from '../../session/queries.js';
import { usePointing } from './PointsHere.js';
import '../../style/graph.css';

/** So many references are named; a Composition or a List may have thousands. */
const most = 40;
/** So many of each kind of what points here are shown. */
const few = 3;

/** A resource in the graph, which it becomes the middle of when it is followed. */
function Node({ resource }: { readonly resource: Resource }) {
  const version = useVersion();
  const when = whenOf(resource);
  return (
    <Link
      className="graph-link"
      to="/$version/$type/$id"
      params={{ version, type: resource.resourceType, id: resource.id ?? '' }}
      search={{ tab: 'graph' }}
    >
      <span>{titleOf(resource)}</span>
      {when === undefined ? null : <span className="soft small">{dateText(when.slice(0, 10))}</span>}
    </Link>
  );
}

/** What refers to the resource: of each kind how many, and the latest of them. */
function Incoming({ type, id }: { readonly type: string; readonly id: string }) {
  const api = useApi();
  const { data: counted, error } = usePointing(type, id);
  const kinds = together(counted ?? []);
  const shown = useQuery({
    queryKey: [api.version, 'pointing-latest', type, id, kinds],
    queryFn: ({ signal }) =>
      askTogether(
        api,
        kinds.map((each) => `${each.type}?${each.parameter}=${type}/${id}&_count=${String(few)}&_sort=-_lastUpdated`),
        signal,
      ),
    enabled: kinds.length > 0,
  });
  if (error !== null) return <Refusal error={error} />;
  if (counted === undefined) return <Loading lines={5} />;
  if (kinds.length === 0) return <p className="soft small graph-none">Nothing that you may see refers to it.</p>;
  return (
    <ol className="graph-nodes">
      {kinds.map((each, place) => (
        <li key={`${each.type}:${each.parameter}`} className="card graph-node" data-edge="in">
          <div className="graph-kind">
            <TypeBadge type={each.type} />
            <Link
              className="numbers small spread"
              to="/$version/$type"
              params={{ version: api.version, type: each.type }}
              search={{ q: `${each.parameter}=${type}/${id}` }}
            >
              {each.total > few ? `all ${each.total.toLocaleString()}` : String(each.total)}
            </Link>
          </div>
          <p className="soft small">by {each.names.join(', ')}</p>
          {resourcesOf(shown.data?.[place]).map((resource) => (
            <Node key={resource.id} resource={resource} />
          ))}
        </li>
      ))}
    </ol>
  );
}

function Outgoing({ references }: { readonly references: readonly Referred[] }) {
  const api = useApi();
  const shown = references.slice(0, most);
  const targets = [
    ...new Set(
      shown.flatMap(({ reference }) => {
        const target = targetOf(reference);
        return target === undefined ? [] : [`${target.type}/${target.id}`];
      }),
    ),
  ];
  const { data } = useQuery({
    queryKey: [api.version, 'referred', targets],
    queryFn: ({ signal }) => askTogether(api, targets, signal),
    enabled: targets.length > 0,
  });
  const known = new Map(
    (data ?? []).flatMap((each, place) => {
      const resource = each as Resource | undefined;
      return resource?.resourceType === undefined || resource.resourceType === 'OperationOutcome'
        ? []
        : [[targets[place] ?? '', resource] as const];
    }),
  );
  if (references.length === 0) return <p className="soft small graph-none">It refers to nothing.</p>;
  return (
    <ol className="graph-nodes">
      {shown.map(({ path, reference, display }) => {
        const target = targetOf(reference);
        const resource = target === undefined ? undefined : known.get(`${target.type}/${target.id}`);
        return (
          <li key={`${path} ${reference}`} className="card graph-node" data-edge="out">
            <p className="soft small">{path.split('.').map(wordsOf).join(' › ')}</p>
            {target === undefined ? null : <TypeBadge type={target.type} />}
            {resource === undefined ? (
              <span className="graph-text">
                {display ?? reference}
                {target !== undefined && data !== undefined ? (
                  <span className="soft small"> not here, or not for you to see</span>
                ) : null}
              </span>
            ) : (
              <Node resource={resource} />
            )}
          </li>
        );
      })}
      {references.length > most ? (
        <li className="soft small">and {(references.length - most).toLocaleString()} more, see Details</li>
      ) : null}
    </ol>
  );
}

const point = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** Lines between the resource and each node, where they stand now. */
function useEdges() {
  const box = useRef<HTMLDivElement>(null);
  const [edges, setEdges] = useState<readonly string[]>([]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const draw = (): void => {
      const around = element.getBoundingClientRect();
      const middle = element.querySelector('[data-middle]')?.getBoundingClientRect();
      if (middle === undefined) return;
      const y = middle.top + middle.height / 2 - around.top;
      const lines = [...element.querySelectorAll<HTMLElement>('[data-edge]')].map((node) => {
        const at = node.getBoundingClientRect();
        const isIn = node.dataset['edge'] === 'in';
        const [from, to] = isIn
          ? [at.right - around.left, middle.left - around.left]
          : [at.left - around.left, middle.right - around.left];
        const nodeY = at.top + Math.min(at.height / 2, 28) - around.top;
        const bend = (to - from) / 2;
        return `M${point(from, nodeY)}C${point(from + bend, nodeY)} ${point(to - bend, y)} ${point(to, y)}`;
      });
      setEdges(lines);
    };
    const sized = new ResizeObserver(draw);
    sized.observe(element);
    for (const child of element.children) sized.observe(child);
    const changed = new MutationObserver(draw);
    changed.observe(element, { childList: true, subtree: true, characterData: true });
    return () => {
      sized.disconnect();
      changed.disconnect();
    };
  }, []);
  return { box, edges };
}

/** What a resource refers to, and what refers to it; each can be followed. */
export default function Graph({ resource }: { readonly resource: Resource }) {
  const { box, edges } = useEdges();
  const id = resource.id ?? '';
  return (
    <section className="graph" aria-label="Graph of references">
      <div className="graph-columns" ref={box}>
        <div className="graph-column">
          <h2>What points here</h2>
          <Incoming type={resource.resourceType} id={id} />
        </div>
        <div className="graph-column graph-middle">
          <div className="card graph-node is-middle" data-middle>
            <TypeBadge type={resource.resourceType} />
            <strong>{titleOf(resource)}</strong>
            <code className="soft small">{id}</code>
          </div>
        </div>
        <div className="graph-column">
          <h2>What it refers to</h2>
          <Outgoing references={referencesOf(resource)} />
        </div>
      </div>
      <svg className="graph-edges" aria-hidden="true">
        {edges.map((edge, place) => (
          <path key={place} d={edge} />
        ))}
      </svg>
    </section>
  );
}
