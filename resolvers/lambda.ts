import type { Context } from 'aws-lambda';
import { lambdaLog, named } from '../compose/lambda-log.js';
import { type Environment, optional, optionalUrl } from '../compose/lambda-settings.js';
import { once } from '../compose/once.js';
import { openLambda } from '../compose/open-lambda.js';
import { SettingsError } from '../compose/settings-error.js';
import { within } from '../fhir/deadline.js';
import { loadResolverMap } from '../schema/load-api.js';
import type { InteractionAnswer, InteractionRequest } from './interaction-request.js';
import { createResolverHandler, type ResolverHandler } from './lambda/handler.js';

/** AppSync's Lambda data source: the interactions behind the resolvers of the version in FHIR_VERSION. */
const open = once(() => openResolvers(process.env));
// Begun while the function starts; a failure is told to the first event, which tries again.
open().catch(() => undefined);

/** What is left of the function's time when calls of engines are given up, so that AppSync is told, in milliseconds. */
const reserve = 3_000;

/** One request of a resolver, or a batch answered in its order. AppSync has verified the token whose claims it holds. */
export const handler = async (
  event: InteractionRequest | readonly InteractionRequest[],
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<InteractionAnswer | readonly InteractionAnswer[]> => {
  const answer = await open();
  return within(context.getRemainingTimeInMillis() - reserve, () => answer(event));
};

async function openResolvers(environment: Environment): Promise<ResolverHandler> {
  const publicUrl = optionalUrl(environment, 'PUBLIC_URL');
  if (publicUrl === undefined) throw new SettingsError('PUBLIC_URL is not set');
  const { server, settings } = await openLambda(environment, { sealsPages: true });
  const { resourceTypes } = await loadResolverMap(settings.version);
  const types = new Set(resourceTypes);
  const { tenancy } = settings;
  return createResolverHandler(server, {
    ...(tenancy === undefined ? {} : { tenancy: { ...tenancy, ofTenant: server.ofTenant } }),
    baseUrl: () => `${publicUrl}/${settings.version}`,
    isInSchema: (type) => types.has(type),
    tellsOfJobs: optional(environment, 'JOBS_BUCKET') !== undefined,
    onUnexpected: (failure) => {
      lambdaLog.error(named(failure), 'an interaction behind GraphQL failed');
    },
    onDelay: (error) => {
      lambdaLog.error(named(error), 'a write is not in the index yet');
    },
  });
}
