import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { consoleSettings, serveConsole } from '../../local/console.js';

let server: Server;
let url = '';
beforeAll(async () => {
  const app = express().use(serveConsole({ auth: 'on', fallback: 'what is where' }));
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.close();
});

describe('the console as the embedded server serves it', () => {
  test('its document lets no script in but its own files, and is not kept', async () => {
    const reply = await fetch(`${url}/`);
    expect(reply.headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(await reply.text()).toContain('<div id="root">');
  });

  test('its files are named after their content, are kept for long, and go out compressed', async () => {
    const script = readdirSync('dist/console/console').find((name) => /^index-.*[.]js$/.test(name)) ?? '';
    const reply = await fetch(`${url}/console/${script}`, { headers: { 'accept-encoding': 'gzip' } });
    expect([reply.status, reply.headers.get('content-encoding'), reply.headers.get('content-type')]).toEqual([
      200,
      'gzip',
      'text/javascript; charset=utf-8',
    ]);
    expect(reply.headers.get('cache-control')).toContain('immutable');
    const plain = await fetch(`${url}/console/${script}`, { headers: { 'accept-encoding': 'identity' } });
    expect(await plain.text()).toBe(await reply.text());
  });

  test.each([
    '/console/none.js',
    '/console/..%2Findex.html',
    '/console/..%2F..%2F..%2Fpackage.json',
    '/console/digest',
  ])('%s is no file of it', async (path) => {
    expect((await fetch(`${url}${path}`)).status).toBe(404);
  });

  test('what is where can be read without it', async () => {
    expect(await (await fetch(`${url}/start`)).text()).toBe('what is where');
  });

  test('it is told where the APIs are, and how people sign in where they do', async () => {
    expect(await (await fetch(`${url}/console.json`)).json()).toEqual(consoleSettings('on'));
    expect(consoleSettings('on')).toMatchObject({
      apis: [
        { version: 'r4', rest: 'r4', graphql: 'r4/graphql' },
        { version: 'stu3', rest: 'stu3', graphql: 'stu3/graphql' },
      ],
      signIn: { authority: 'sign-in', clientId: 'fhir-on-appsync-console' },
    });
    expect(consoleSettings('off').signIn).toBeUndefined();
  });
});
