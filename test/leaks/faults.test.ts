import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FhirServer } from '../../interactions/server.js';
import { bundleResolvers } from '../../resolvers/bundle.mjs';
import { principals, startTestServer, type TestServer } from '../support/server.js';
import { type Faces, facesOf } from './look-for-leaks.js';

// Engines that fail by errors which quote what they were given, as DynamoDB and OpenSearch do: nothing of it reaches who asks, or the log.

const folder = mkdtempSync(join(tmpdir(), 'leaks-by-faults-'));
const marker = 'Mrs-Quoted-Secretly';
let server: TestServer;
let faces: Faces;
beforeAll(async () => {
  await bundleResolvers(folder);
  server = await startTestServer({ authorization: 'roles+smart' });
  faces = await facesOf(server, 'r4', folder);
  await faces.fill();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Errors as engines throw them. */
const faults: Readonly<Record<string, () => unknown>> = {
  'of a mapping, by OpenSearch': () =>
    Object.assign(new Error(`mapper_parsing_exception: Preview of field's value: '${marker}'`), {
      name: 'ResponseError',
      meta: { statusCode: 400, body: { error: { reason: marker, caused_by: { reason: marker } } } },
    }),
  'of a condition, by DynamoDB': () =>
    Object.assign(new Error(`Transaction cancelled [${marker}]`), {
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ValidationError', Item: { body: { S: marker } }, Message: marker }],
      $metadata: { httpStatusCode: 400 },
    }),
  'of JSON that cannot be read': () => new SyntaxError(`Unexpected token M in JSON at position 0: "${marker}"`),
  'that is no error': () => marker,
  'of several, with a cause': () => new AggregateError([new Error(marker)], marker, { cause: new Error(marker) }),
};

/** A part of the server, each of whose functions fails. */
function failing<Part extends object>(part: Part, fault: () => unknown, only?: string): Part {
  return new Proxy(part, {
    get(target, name, receiver) {
      const own: unknown = Reflect.get(target, name, receiver);
      if (typeof own !== 'function' || (only !== undefined && name !== only)) return own;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- libraries reject by what is none as well
      return () => Promise.reject(fault());
    },
  });
}

type Breaking = (server: FhirServer, fault: () => unknown) => Partial<FhirServer>;
const breakings: Readonly<Record<string, Breaking>> = {
  'the store': ({ store }, fault) => ({ store: failing(store, fault) }),
  'commits alone': ({ store }, fault) => ({ store: failing(store, fault, 'commit') }),
  'the index': ({ index }, fault) => ({ index: failing(index, fault) }),
  'the jobs': ({ jobs }, fault) => (jobs === undefined ? {} : { jobs: failing(jobs, fault) }),
};

describe.each(Object.keys(faults))('a failure %s', (name) => {
  test.each(Object.keys(breakings))('of %s says nothing of what it quotes', async (what) => {
    const r4 = server.servers.r4;
    const { store, index, jobs } = r4;
    const practitioner = principals['practitioner'];
    const target = faces.record.find(({ id }) => id === 'lab-p2');
    if (practitioner === undefined || target === undefined) throw new Error('nobody, or nothing');
    server.logged.length = 0;
    const fault = faults[name];
    const breaking = breakings[what];
    if (fault === undefined || breaking === undefined) throw new Error('no such fault');
    Object.assign(r4, breaking(r4, fault));
    try {
      const answers = await faces.ask({ token: 'practitioner', principal: practitioner }, target, {
        kinds: [
          'rest read',
          'rest search-by-post',
          'rest create',
          'rest update',
          'rest jobs',
          'graphql read',
          'graphql list',
          'graphql update',
          'rest $graphql list',
        ],
      });
      expect(answers.filter(({ text }) => text.includes(marker)).map(({ request }) => request)).toEqual([]);
      expect(server.logged.length).toBeGreaterThan(0);
      expect(server.logged.filter((each) => JSON.stringify(each).includes(marker))).toEqual([]);
    } finally {
      Object.assign(r4, { store, index, jobs });
      await faces.fill();
    }
  });
});
