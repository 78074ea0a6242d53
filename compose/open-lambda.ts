import type { FhirDefinitions } from '../fhir/definitions.js';
import { loadDefinitions } from '../fhir/load-definitions.js';
import { storedAuditLog } from '../interactions/audit.js';
import type { FhirServer } from '../interactions/server.js';
import type { BodyStore } from '../persistence/body-store.js';
import { dynamoDbTable } from '../persistence/dynamodb.js';
import { isLocalEndpoint } from '../persistence/dynamodb/client.js';
import { readPageKey } from '../persistence/page-key.js';
import { bucketWhenAsked } from './bucket-when-asked.js';
import { connect, type Connections } from './connect.js';
import { lambdaLog, named } from './lambda-log.js';
import { type Environment, type LambdaSettings, readLambdaSettings } from './lambda-settings.js';
import { ofTenants } from './of-tenants.js';
import { serveOnAws, type ServerOnAws } from './on-aws.js';

/** What one process of a Lambda function has open: made once, before or at its first event. */
export interface OpenLambda {
  readonly settings: LambdaSettings;
  readonly connections: Connections;
  readonly server: ServerOnAws;
  readonly bodies: BodyStore | undefined;
}

/**
 * How long a call of the table may take, in milliseconds: a request makes some, and ends before API Gateway's 29 s.
 * The history horizon goes with it (`DynamoDbOptions`).
 */
const patience = 2_000;

/**
 * Opens what a function works on by its environment.
 * @param sealsPages whether it gives out page links: the key is read from the table then.
 * @throws SettingsError for what is missing in the environment; OperationOutcomeError 503 when the table does not answer.
 */
export async function openLambda(
  environment: Environment,
  { sealsPages }: { readonly sealsPages: boolean },
): Promise<OpenLambda> {
  const settings = readLambdaSettings(environment);
  const connections = connect(settings);
  const [definitions, pageKey] = await Promise.all([
    loadDefinitions(settings.version),
    sealsPages ? readKey(settings, connections) : noKey,
  ]);
  return { settings, connections, ...composed(settings, connections, definitions, pageKey) };
}

const noKey = new Uint8Array();

const readKey = ({ table }: LambdaSettings, { dynamoDb: { client, streams } }: Connections): Promise<Uint8Array> =>
  readPageKey(dynamoDbTable({ client, streams, name: table, patience }));

function composed(
  settings: LambdaSettings,
  connections: Connections,
  definitions: FhirDefinitions,
  pageKey: Uint8Array,
): Pick<OpenLambda, 'server' | 'bodies'> {
  const { table, alias, region, consistency, validation, conditionalDelete, authorization, audit, subscriptions } =
    settings;
  const place = settings.bodies;
  const bucket =
    place === undefined
      ? undefined
      : bucketWhenAsked(async () => (await import('./bucket.js')).openBucket(place, region, table));
  const bodies = bucket?.bodies;
  const server = serveOnAws(connections, definitions, {
    table,
    alias,
    bodies,
    contents: bucket?.contents,
    consistency,
    pageKey,
    // What an emulator has written is in its index at once.
    patience: { patience, ...(isLocalEndpoint(settings.dynamoDbEndpoint) ? { historyHorizon: 0 } : {}) },
    options: {
      validation,
      conditionalDelete,
      authorization,
      ...(subscriptions === undefined ? {} : { subscriptions }),
    },
  });
  const withAudit = <Server extends FhirServer>(own: Server): Server => {
    if (audit === 'off') return own;
    const recorded = storedAuditLog(own, (error) => {
      lambdaLog.error(named(error), 'a request is not in the audit trail');
    });
    return { ...own, audit: recorded };
  };
  const ofTenant = ofTenants((tenant) => withAudit(server.ofTenant(tenant)));
  return { server: { ...withAudit(server), ofTenant }, bodies };
}
