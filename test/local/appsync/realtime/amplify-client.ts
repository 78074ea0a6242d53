// An application on AWS Amplify 6: amplify-client.ts <url of the server> <its data folder>. Prints what it sees, a JSON
// value in a line. `aws-amplify` is these packages under one name.
import { generateClient, type GraphQLResult } from '@aws-amplify/api';
import { Amplify, Hub } from '@aws-amplify/core';
import { decodeJWT } from '@aws-amplify/core/internals/utils';
import { WebSocket } from 'ws';
import { signToken } from '../../../../local/sign-in/access-token.js';
import { readSignInKeys } from '../../../../local/sign-in/keys.js';
import { signInIssuer } from '../../../../local/sign-in/sign-in.js';
import { userByName } from '../../../../local/sign-in/users.js';

Object.assign(globalThis, { WebSocket }); // a browser has it

const [, , url = '', folder = ''] = process.argv;
const user = userByName('practitioner');
if (user === undefined) throw new Error('there is no practitioner');
const keys = readSignInKeys(folder);
let tokens = 0;

Amplify.configure(
  { API: { GraphQL: { endpoint: `${url}/r4/graphql`, region: 'us-east-1', defaultAuthMode: 'userPool' } } },
  {
    Auth: {
      tokenProvider: {
        getTokens() {
          tokens += 1;
          return Promise.resolve({
            accessToken: decodeJWT(signToken(keys, user, { issuer: signInIssuer(url) })),
          });
        },
      },
    },
  },
);

const print = (value: unknown): void => {
  console.log(JSON.stringify(value));
};
const client = generateClient();
const ask = async (query: string, variables: Record<string, string> = {}): Promise<unknown> =>
  ((await client.graphql({ query, variables })) as GraphQLResult).data;
const update = (id: string): Promise<unknown> =>
  ask('mutation M($id: ID!) { PatientUpdate(id: $id, res: { active: true }) { resource { id } } }', { id });

/** Resolves when the server has acknowledged the subscription. */
const acknowledged = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = Hub.listen('api', ({ payload }) => {
      if (payload.event !== 'Subscription ack') return;
      stop();
      resolve();
    });
  });

/** What the subscription is told, and the next of it. */
const told: unknown[] = [];
let heard: () => void = () => undefined;
const next = async (): Promise<unknown> => {
  while (told.length === 0) await new Promise<void>((resolve) => (heard = resolve));
  return told.shift();
};

print(await ask('query Q { PatientList { id } }'));
print(await update('first'));

const first = acknowledged();
const observable = client.graphql({
  query: 'subscription S { onResourceChanged(type: Patient, id: "second") { id versionId action } }',
}) as unknown as { subscribe(observer: object): { unsubscribe(): void } };
const subscription = observable.subscribe({
  next({ data }: { data: unknown }) {
    told.push(data);
    heard();
  },
  error(error: unknown) {
    print({ error });
    process.exit(1);
  },
});
await first;
const again = acknowledged();
print(await update('second'));
const before = tokens;
print(await next());
await again; // the connection was closed, and Amplify came back
print({ hasNewToken: tokens > before });
print(await update('second'));
print(await next());
subscription.unsubscribe();
process.exit(0);
