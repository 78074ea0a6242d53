import type { Authorization } from '../auth/authorizers.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import type { ImplementationGuide } from '../fhir/guide.js';
import { type PassedOver, withGuideParameters } from '../fhir/guide-search-parameters.js';
import { guidesOf } from '../fhir/guides.js';
import type { FhirVersion } from '../fhir/version.js';
import type { GraphqlLimits } from '../graphql/limits.js';
import type { AllowedEndpoints } from '../indexer/endpoint.js';
import type { NotifyOptions } from '../indexer/notify.js';
import type { NotifyingProblem } from '../indexer/subscriber.js';
import type { ConditionalDelete, FhirServer, Validation } from '../interactions/server.js';
import type { JobSettings } from './jobs.js';

/** What a deployment adds to the definitions of FHIR. */
export interface DefinitionOptions {
  /** What writes must keep; `full` without it. */
  readonly validation?: Validation;
  /** How many resources a conditional delete may delete; `single` without it. */
  readonly conditionalDelete?: ConditionalDelete;
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
  /** Is told of what goes wrong with jobs, and of what is tried again. */
  readonly onJobProblem?: (error: unknown, what: string) => void;
  /** How jobs are done, where it is not the standard. */
  readonly jobs?: Partial<Omit<JobSettings, 'table' | 'onProblem' | 'bodies' | 'isShared'>>;
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
  {
    validation = 'full',
    guides = [],
    graphqlLimits,
    subscriptions,
    conditionalDelete,
    onPassedOver,
  }: DefinitionOptions,
): Pick<FhirServer, 'definitions' | 'subscriptions' | 'conditionalDelete'> &
  Required<Pick<FhirServer, 'validation' | 'guides' | 'graphql'>> {
  const own = guides.filter(({ fhirVersion }) => fhirVersion === base.version);
  const { definitions, passedOver } = withGuideParameters(base, own);
  for (const parameter of passedOver) onPassedOver?.(parameter);
  return {
    definitions,
    validation,
    guides: guidesOf(definitions, own),
    graphql: graphqlWithin(graphqlLimits),
    ...(subscriptions === undefined ? {} : { subscriptions }),
    ...(conditionalDelete === undefined ? {} : { conditionalDelete }),
  };
}

/** What answers `$graphql`; its engine is loaded for the first one. */
function graphqlWithin(limits: Partial<GraphqlLimits> | undefined): NonNullable<FhirServer['graphql']> {
  let made: Promise<NonNullable<FhirServer['graphql']>> | undefined;
  return async (server, caller, call) => {
    made ??= import('../graphql/answer.js').then(({ createGraphql }) => createGraphql(limits));
    return (await made)(server, caller, call);
  };
}
