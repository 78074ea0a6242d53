import { type FhirVersion, fhirVersionNumbers } from '../../fhir/version.js';
import { connectSources } from './policy.js';
import type { ConsoleSettings } from './settings.js';

/** What a deployment tells its console: addresses that are known when everything else is there. */
export interface DeployedConsole extends Pick<ConsoleSettings, 'apiKey' | 'signIn'> {
  readonly apis: readonly { readonly version: FhirVersion; readonly rest: string; readonly graphql: string }[];
  /** What the console asks beside its APIs: where people sign in, and buckets whose files it fetches. */
  readonly asks: readonly string[];
}

/** The settings of a deployed console. */
export const deployedSettings = ({ apis, apiKey, signIn }: DeployedConsole): ConsoleSettings => ({
  apis: apis.map((api) => ({ ...api, number: fhirVersionNumbers[api.version] })),
  ...(apiKey === undefined ? {} : { apiKey }),
  ...(signIn === undefined ? {} : { signIn }),
});

/** The real-time address of an AppSync API is another one. https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html */
export const realtimeOrigin = (graphql: string): string =>
  new URL(graphql).origin.replace(/^http/, 'ws').replace('.appsync-api.', '.appsync-realtime-api.');

/** The origins that a deployed console asks. */
export const askedOrigins = ({ apis, asks }: DeployedConsole): readonly string[] => [
  ...new Set([
    ...apis.flatMap(({ rest, graphql }) => [new URL(rest).origin, new URL(graphql).origin, realtimeOrigin(graphql)]),
    ...asks.map((url) => new URL(url).origin),
  ]),
];

/**
 * The console's document for a deployment. What the distribution's headers allow was written before the APIs had
 * addresses; a policy in the document narrows it to them (both count).
 * @param html as it was built.
 * @throws Error for a document without a head.
 */
export function deployedDocument(html: string, deployed: DeployedConsole): string {
  const policy = connectSources(askedOrigins(deployed));
  const told = html.replace('<head>', `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`);
  if (told === html) throw new Error('The document of the console has no head');
  // What the embedded server tells without scripts is not there.
  return told.replace(/<noscript>[^]*?<\/noscript>/, '<noscript><p>The console needs JavaScript.</p></noscript>');
}
