import type { Authorization } from '../auth/authorizers.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import type { ImplementationGuide } from '../fhir/guide.js';
import { type PassedOver, withGuideParameters } from '../fhir/guide-search-parameters.js';
import { guidesOf } from '../fhir/guides.js';
import type { FhirVersion } from '../fhir/version.js';
import { createGraphql } from '../graphql/answer.js';
import type { GraphqlLimits } from '../graphql/limits.js';
import type { AllowedEndpoints } from '../indexer/endpoint.js';
import { type Notifier, type NotifyOptions, notifySubscribers } from '../indexer/notify.js';
import { restHook } from '../indexer/rest-hook.js';
import type { NotifyingProblem } from '../indexer/subscriber.js';
import type { FhirServer, Validation } from '../interactions/server.js';
import { subscriptionsOf } from '../interactions/subscriptions.js';
import { deliveriesIn } from '../persistence/deliveries.js';
import type { Table } from '../persistence/table.js';

/** What a deployment adds to the definitions of FHIR. */
export interface DefinitionOptions {
  /** What writes must keep; `full` without it. */
  readonly validation?: Validation;
  /** Which authorization component counts; `roles` without it. */
  readonly authorization?: Authorization;
  /** Implementation guides, of both versions. */
  readonly guides?: readonly ImplementationGuide[];
  /** What one `$graphql` may take, where it is not the standard. */
  readonly graphqlLimits?: Partial<GraphqlLimits>;
  /** Where Subscriptions may have notifications sent; nobody is notified without it. */
  readonly subscriptions?: AllowedEndpoints;
  /** How notifications are tried, where it is not the standard: for tests. */
  readonly notifying?: Pick<NotifyOptions, 'attempts' | 'pause'>;
  /** Is told of what notifying meets. */
  readonly onNotifying?: (problem: NotifyingProblem) => void;
  /** Is told of the search parameters of guides that are not served. */
  readonly onPassedOver?: (parameter: PassedOver) => void;
  /**
   * Is told when an index of other search parameters, or of an older program, is made anew at the start, and with what
   * it was made of when that is done.
   */
  readonly onReindex?: (version: FhirVersion, done: { resources: number; deleted: number } | undefined) => void;
}

/**
 * The definitions of a version with the guides for it, as every server of it has them.
 * @param base the version's own definitions.
 */
export function serve(
  base: FhirDefinitions,
  { validation = 'full', guides = [], graphqlLimits, subscriptions, onPassedOver }: DefinitionOptions,
): Pick<FhirServer, 'definitions' | 'subscriptions'> & Required<Pick<FhirServer, 'validation' | 'guides' | 'graphql'>> {
  const own = guides.filter(({ fhirVersion }) => fhirVersion === base.version);
  const { definitions, passedOver } = withGuideParameters(base, own);
  for (const parameter of passedOver) onPassedOver?.(parameter);
  return {
    definitions,
    validation,
    guides: guidesOf(definitions, own),
    graphql: createGraphql(graphqlLimits),
    ...(subscriptions === undefined ? {} : { subscriptions }),
  };
}

/** What a server notifies by; undefined where nobody is notified. */
export function notifierOf(
  server: FhirServer & { readonly table: Table },
  from: Pick<NotifyOptions, 'feed' | 'isShared'>,
  { notifying = {}, onNotifying }: DefinitionOptions,
): Notifier | undefined {
  const { subscriptions } = server;
  if (subscriptions === undefined) return undefined;
  return notifySubscribers({
    ...from,
    ...notifying,
    subscriptions: subscriptionsOf(server, subscriptions),
    deliveries: deliveriesIn(server.table),
    send: restHook(subscriptions),
    onProblem: (problem) => onNotifying?.(problem),
  });
}
