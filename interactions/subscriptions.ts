import { parseJson } from '../fhir/json.js';
import { OperationOutcomeError } from '../fhir/outcome.js';
import { keyText, type Resource } from '../fhir/resource.js';
import type { AllowedEndpoints } from '../indexer/endpoint.js';
import type { Subscriber, Subscriptions } from '../indexer/subscriber.js';
import { type Delivery, namedSubscription } from '../persistence/deliveries.js';
import { ownName } from '../persistence/keys.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { nextVersion } from '../persistence/version.js';
import type { AccessFilter } from '../search/access.js';
import { match } from '../search/match.js';
import { parseSearch } from '../search/parse.js';
import { requireUnchained } from '../search/request.js';
import type { Position } from '../search/search-index.js';
import { accessOrNone, opens } from './access.js';
import { findMatches } from './matches.js';
import type { Caller, FhirServer } from './server.js';
import { callerOf, readSubscription, type SubscriptionTerms } from './subscription-terms.js';

const everything: AccessFilter = { kind: 'everything' };
const pageSize = 100;
/** So many versions of a Subscription are looked back. */
const mostVersions = 50;

const asks = (resource: Resource): boolean => {
  const { status } = resource as { readonly status?: unknown };
  return status === 'requested' || status === 'active';
};

/** The Subscriptions of a tenant, each with the rights of who wrote it. */
export function subscriptionsOf(server: FhirServer, allowed: AllowedEndpoints): Subscriptions {
  async function read(name: string): Promise<Subscriber | 'kept' | undefined> {
    const { id } = namedSubscription(name);
    const version = await server.store.read({ type: 'Subscription', id });
    return version === undefined || version.deleted ? undefined : subscriberOf(version);
  }

  async function subscriberOf(version: StoredVersion): Promise<Subscriber | 'kept' | undefined> {
    const resource = parseJson(version.body) as Resource;
    const { status } = resource as { readonly status?: unknown };
    if (status === 'error') return 'kept';
    if (status !== 'requested' && status !== 'active') return undefined;
    // What was stored before this server notified anybody has no author: nobody's rights count for it.
    if (version.author === undefined) return undefined;
    const caller = callerOf(version.author);
    try {
      const terms = await readSubscription(server, caller, resource, allowed);
      return subscriber(
        server,
        { id: version.id, versionId: version.versionId, status, caller },
        await since(version),
        terms,
      );
    } catch (error) {
      if (!(error instanceof OperationOutcomeError) || error.status >= 500) throw error;
      await setStatus(version, 'error', error.message);
      return 'kept';
    }
  }

  /** Since when it has been requested or active: what was changed after that is told, however long it takes to begin. */
  async function since(version: StoredVersion): Promise<string> {
    const versions = await server.store.history(version, { count: mostVersions, before: version.versionId });
    const end = versions.findIndex(({ deleted, body }) => deleted || !asks(parseJson(body) as Resource));
    const asking = end < 0 ? versions : versions.slice(0, end);
    return asking.at(-1)?.lastUpdated ?? version.lastUpdated;
  }

  async function setStatus(
    { id, versionId }: Pick<StoredVersion, 'id' | 'versionId'>,
    status: string,
    error?: string,
  ): Promise<void> {
    const previous = await server.store.read({ type: 'Subscription', id });
    if (previous?.versionId !== versionId || previous.deleted) return;
    const kept = Object.entries(parseJson(previous.body) as Resource).filter(([name]) => name !== 'error');
    const next = nextVersion({
      resource: Object.assign(
        Object.fromEntries(kept),
        { status },
        error === undefined ? {} : { error },
      ) as unknown as Resource,
      previous,
      method: 'PUT',
      now: server.now(),
      id,
      compartments: previous.compartments,
      resourceChildren: previous.resourceChildren,
      ...(previous.author === undefined ? {} : { author: previous.author }),
    });
    await server.store.commit([{ kind: 'put', next, previous }]); // another write came first: it says what is next
  }

  async function* all(): AsyncGenerator<Subscriber> {
    const request = requireUnchained(
      parseSearch(server.definitions, 'Subscription', [['status', 'requested,active']], {
        handling: 'strict',
        defaultCount: 0,
        maxCount: 0,
        now: server.now(),
      }),
    );
    let after: Position | undefined;
    for (;;) {
      const range = { limit: pageSize, ...(after === undefined ? {} : { after }) };
      const { matches, more } = await findMatches(server, { request, access: everything }, range);
      for (const { version } of matches) {
        const found = await subscriberOf(version);
        if (found !== undefined && found !== 'kept') yield found;
      }
      after = matches.at(-1)?.hit.position;
      if (!more || after === undefined) return;
    }
  }

  return {
    all,
    read,
    setStatus: ({ id, versionId }, status, error) =>
      setStatus({ id: namedSubscription(id).id, versionId }, status, error),
    async versionOf(_, { type, id, versionId }) {
      const version = await server.store.vread({ type, id }, versionId);
      return version?.deleted === false ? version : undefined;
    },
  };
}

function subscriber(
  server: FhirServer,
  about: Pick<Subscriber, 'id' | 'versionId' | 'status'> & { readonly caller: Caller },
  since: string,
  terms: SubscriptionTerms,
): Subscriber {
  const { id, versionId, status, caller } = about;
  const { request, endpoint, headers, payload, end } = terms;
  const isOpen = async (version: StoredVersion): Promise<boolean> => {
    const access = accessOrNone(server, caller, 'search', version.type);
    return access !== undefined && opens(server, caller, 'search', access, version);
  };
  return {
    id: ownName(server.tenant, id),
    tenant: server.tenant,
    versionId,
    since,
    status,
    type: request.type,
    ...(end === undefined ? {} : { end }),
    // Nothing is asked of who gets resources that could be taken for one; who gets none is sent what they will be sent.
    handshake:
      payload === undefined
        ? { request: { endpoint, headers, method: 'POST' }, accepts: (answer) => answer >= 200 && answer < 300 }
        : {
            request: { endpoint, headers, method: 'HEAD' },
            accepts: (answer) => answer < 500 && ![401, 403].includes(answer),
          },
    concerns: async (version) => match(request, parseJson(version.body) as Resource) && (await isOpen(version)),
    async notification(delivery: Delivery) {
      const key = { type: delivery.type, id: delivery.id };
      const [version, current] = await Promise.all([
        server.store.vread(key, delivery.versionId),
        server.store.read(key),
      ]);
      // As in a history: who may not see the resource as it is now, may not see what it was either.
      if (version === undefined || current === undefined || version.deleted) return undefined;
      if (!(await isOpen(version)) || current.deleted || !(await isOpen(current))) return undefined;
      return payload === undefined
        ? { endpoint, headers, method: 'POST' }
        : { endpoint, headers, method: 'PUT', path: keyText(key), body: { text: version.body, mediaType: payload } };
    },
  };
}
