import { once as onceOf } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Jwks } from 'aws-jwt-verify/jwk';
import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import { createTokenVerifier, type TokenVerifier } from '../auth/verify-token.js';
import { type Environment, optional, optionalUrl, required } from '../compose/lambda-settings.js';
import { jobsElsewhere, readJobPlaces } from '../compose/lambda-jobs.js';
import { lambdaLog } from '../compose/lambda-log.js';
import { once } from '../compose/once.js';
import { ofTenants } from '../compose/of-tenants.js';
import { requireOwnSources } from '../compose/tenancy-settings.js';
import { openLambda } from '../compose/open-lambda.js';
import type { FhirServer } from '../interactions/server.js';
import { cognitoSmart } from './cognito-smart.js';
import { createGatewayHandler, type GatewayEvent, type GatewayHandler } from './gateway.js';

/** The Lambda function behind API Gateway: the REST face of the version in FHIR_VERSION, for tokens of a user pool. */
const open = once(() => openRest(process.env));
// Begun while the function starts, when it has the most CPU; a failure is told to the first event, which tries again.
open().catch(() => undefined);

export const handler = async (event: GatewayEvent, context: Context): Promise<APIGatewayProxyResult> =>
  (await open())(event, context);

async function openRest(environment: Environment): Promise<GatewayHandler> {
  const [opened, authenticate] = await Promise.all([
    openLambda(environment, { sealsPages: true }),
    openVerifier(environment),
  ]);
  const { settings, server } = opened;
  const { tenancy } = settings;
  const places = readJobPlaces(environment);
  requireOwnSources(tenancy, places?.importSources);
  const jobsOf = places && jobsElsewhere(server, places);
  const publicUrl = optionalUrl(environment, 'PUBLIC_URL');
  const signIn = optionalUrl(environment, 'HOSTED_UI_URL');
  const scopes = (optional(environment, 'SMART_SCOPES') ?? 'openid profile').split(/\s+/);
  const isSmart = signIn !== undefined && settings.authorization !== 'roles';
  const whole = (own: FhirServer): FhirServer => ({
    ...own,
    ...(jobsOf === undefined ? {} : { jobs: jobsOf(own.tenant) }),
    ...(isSmart ? { smart: cognitoSmart(signIn, scopes) } : {}),
  });
  const ofTenant = ofTenants((tenant) => whole(server.ofTenant(tenant)));
  return createGatewayHandler({
    server: whole(server),
    ...(tenancy === undefined ? {} : { tenancy: { ...tenancy, ofTenant } }),
    authenticate,
    log: lambdaLog,
    ...(publicUrl === undefined ? {} : { publicUrl }),
  });
}

/** Tokens of the user pool count, given to one of the clients. API Gateway has looked at them already; nothing relies on it. */
async function openVerifier(environment: Environment): Promise<TokenVerifier> {
  const pool = required(environment, 'USER_POOL_ID');
  const clientIds = required(environment, 'CLIENT_IDS').split(/[\s,]+/);
  const region = pool.split('_')[0] ?? '';
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${pool}`;
  const emulator = optionalUrl(environment, 'COGNITO_ENDPOINT');
  if (emulator === undefined) return createTokenVerifier({ issuer, clientIds });
  // It speaks no https.
  const [answer] = (await onceOf(get(`${emulator}/${pool}/.well-known/jwks.json`), 'response')) as [IncomingMessage];
  return createTokenVerifier({ issuer, clientIds, jwks: (await json(answer)) as Jwks });
}
