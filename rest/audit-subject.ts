import { parseReference } from '../fhir/reference.js';
import { idPattern, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { AuditOutcome, AuditSubject } from '../interactions/audit.js';
import type { BundleAnswer } from '../interactions/bundle-answer.js';
import type { AuditTarget } from '../interactions/audit-event.js';
import type { RestAnswer } from './answer.js';
import type { Route } from './routes.js';

/** Ids that are none are not recorded: they may be anything. */
const target = (type: string, id?: string): AuditTarget[] =>
  id === undefined ? [{ type }] : idPattern.test(id) ? [{ type, id }] : [{ type }];

/** Operations that tell of the server and of the caller, as capabilities do, and of no record. */
const aboutServer: readonly string[] = ['permissions', 'versions', 'index-lag'];

/**
 * What is recorded of a request, by its route: never its query.
 * @returns undefined for what everyone may ask, and for bundles, whose entries are not read yet.
 */
export function auditSubject(route: Route): AuditSubject | undefined {
  switch (route.kind) {
    case 'capabilities':
    case 'smart-configuration':
    case 'bundle':
      return undefined;
    case 'create':
      return { interaction: 'create', targets: target(route.type) };
    case 'search':
    case 'search-by-post': {
      const { place } = route;
      if (place.kind === 'type') return { interaction: 'search-type', targets: target(place.type) };
      if (place.kind === 'system') return { interaction: 'search-system', targets: [] };
      const { compartment, type } = place;
      const inside = type === undefined ? [] : target(type);
      return {
        interaction: type === undefined ? 'search-system' : 'search-type',
        targets: [...inside, ...target(compartment.type, compartment.id)],
      };
    }
    case 'conditional-update':
    case 'conditional-patch':
    case 'conditional-delete':
      return { interaction: route.kind.slice('conditional-'.length), targets: target(route.type) };
    case 'read':
    case 'update':
    case 'patch':
    case 'delete':
    case 'vread':
      return { interaction: route.kind, targets: target(route.key.type, route.key.id) };
    case 'history': {
      const { scope } = route;
      const targets =
        scope.kind === 'system'
          ? []
          : scope.kind === 'type'
            ? target(scope.type)
            : target(scope.key.type, scope.key.id);
      return { interaction: `history-${scope.kind}`, targets };
    }
    case 'jobs':
    case 'job':
    case 'job-cancel':
    case 'job-file':
      return { interaction: 'operation', operation: route.kind, targets: [] };
    case 'operation': {
      const { target: on, operation } = route;
      if (aboutServer.includes(operation.name)) return undefined;
      const targets = on.level === 'system' ? [] : on.level === 'type' ? target(on.type) : target(on.type, on.id);
      return { interaction: 'operation', operation: operation.name, targets };
    }
  }
}

/** What is recorded of a bundle: itself, and what its entries are about. */
export function bundleSubject(bundle: Resource, baseUrl: string): AuditSubject {
  // Nothing of it is checked yet: whatever is no URL of an entry is passed over.
  const entries: readonly unknown[] = Array.isArray(bundle['entry']) ? bundle['entry'] : [];
  const targets = entries.flatMap((entry) => {
    const { url } = (entry as { request?: { url?: unknown } | null } | null)?.request ?? {};
    if (typeof url !== 'string') return [];
    const relative = (url.startsWith(`${baseUrl}/`) ? url.slice(baseUrl.length) : url).replace(/^\//, '');
    const [type = '', id] = (relative.split('?')[0] ?? '').split('/');
    return /^[A-Z][A-Za-z]+$/.test(type) ? target(type, id) : [];
  });
  const known = new Map(targets.map((each) => [`${each.type}/${each.id ?? ''}`, each]));
  return { interaction: bundle['type'] === 'transaction' ? 'transaction' : 'batch', targets: [...known.values()] };
}

/** What the answers of entries say of a bundle: what was written, and whether one of them was refused. */
export const bundleOutcome = ({ entries }: BundleAnswer): AuditOutcome => ({
  written: entries.flatMap((entry) =>
    entry.kind === 'written' ? [keyOf(entry.version)] : entry.kind === 'deleted' ? entry.versions.map(keyOf) : [],
  ),
  isRefused: entries.some(({ kind }) => kind === 'failed'),
});

const keyOf = ({ type, id }: ResourceKey): AuditTarget => ({ type, id });

/** What an answer says of the request: what was written, by its Location, what was deleted, and what it gave. */
export function auditOutcome({ status, headers, besides = [], deleted = [], given = [] }: RestAnswer): AuditOutcome {
  const reference = parseReference(headers['Location'] ?? '');
  const written = reference.kind === 'absolute' ? [keyOf(reference)] : deleted.map(keyOf);
  return { written: [...written, ...besides.map(keyOf)], given, isRefused: status >= 400 };
}
