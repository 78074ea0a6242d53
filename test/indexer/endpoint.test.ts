import { createServer } from 'node:http';
import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from '@jest/globals';
import { isPublicAddress, requireAllowed } from '../../indexer/endpoint.js';
import { restHook } from '../../indexer/rest-hook.js';
import { startReceiver } from '../support/receiver.js';

const allowed = { prefixes: ['https://hooks.example.org/fhir', 'http://[2001:db8::1]:8080'], privateAddresses: false };

describe('An endpoint', () => {
  test.each([
    'https://hooks.example.org/fhir',
    'https://hooks.example.org/fhir/',
    'https://hooks.example.org/fhir/a/b?c=d',
    'HTTPS://HOOKS.example.org:443/fhir/x',
    'https://hooks.example.org/x/../fhir',
  ])('may be %s', (url) => {
    expect(requireAllowed(url, allowed).origin).toBe('https://hooks.example.org');
  });

  test.each([
    ['', 'no http'],
    ['hooks.example.org/fhir', 'no http'],
    ['file:///etc/passwd', 'no http'],
    ['gopher://hooks.example.org/fhir', 'no http'],
    ['https://hooks.example.org/fhirs', 'none this server'],
    ['https://hooks.example.org/', 'none this server'],
    ['http://hooks.example.org/fhir', 'none this server'],
    ['https://hooks.example.org:8443/fhir', 'none this server'],
    ['https://hooks.example.org.evil.org/fhir', 'none this server'],
    ['https://hooks.example.org@evil.org/fhir', 'names a user'],
    ['https://user:secret@hooks.example.org/fhir', 'names a user'],
    ['https://hooks.example.org\\@evil.org/fhir', 'none this server'],
    ['https://evil.org/https://hooks.example.org/fhir', 'none this server'],
    ['https://hooks.example.org/fhir/../admin', 'none this server'],
    ['https://hooks.example.org/fhir/%2e%2e/admin', 'none this server'],
    ['https://hooks.example.org/fhir/..%2fadmin', 'none this server'],
    ['https://hooks.example.org/fhir/..%5cadmin', 'none this server'],
    ['https://hooks.example.org/fhir#x', 'fragment'],
    ['http://[2001:db8::1]:8080/', 'no address of the public internet'],
  ])('is not %s', (url, why) => {
    expect(() => requireAllowed(url, allowed)).toThrow(why);
  });

  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[::ffff:0:7f00:1]/',
    'http://[0:0:0:0:0:ffff:169.254.169.254]/',
    'http://017700000001/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://①②⑦.⓪.⓪.①/',
    'http://[fd00:ec2::254]/',
    'http://[64:ff9b:1::a9fe:a9fe]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
  ])('that is an address of this machine or network is none, however it is written: %s', (url) => {
    const open = { prefixes: [new URL(url).origin], privateAddresses: false };
    expect(() => requireAllowed(url, open)).toThrow('no address of the public internet');
    expect(requireAllowed(url, { ...open, privateAddresses: true }).href).toBe(new URL(url).href);
  });
});

test.each([
  ['8.8.8.8', true],
  ['2606:4700::1111', true],
  ['0.0.0.0', false],
  ['10.255.0.1', false],
  ['100.64.0.1', false],
  ['127.0.0.2', false],
  ['169.254.169.254', false],
  ['172.16.0.1', false],
  ['192.168.0.1', false],
  ['192.0.2.1', false],
  ['198.18.0.1', false],
  ['224.0.0.1', false],
  ['240.0.0.1', false],
  ['255.255.255.255', false],
  ['::', false],
  ['::1', false],
  ['::7f00:1', false],
  ['::127.0.0.1', false],
  ['::ffff:0:a00:1', false],
  ['64:ff9b:1::a00:1', false],
  ['fec0::1', false],
  ['3fff::1', false],
  ['5f00::1', false],
  ['100::1', false],
  ['2001:db8::1', false],
  ['fe80::1%eth0', false],
  ['::ffff:10.0.0.1', false],
  ['64:ff9b::a00:1', false],
  ['2002:a00:1::', false],
  ['2001::1', false],
  ['fc00::1', false],
  ['fd00:ec2::254', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['nonsense', false],
])('%s is a public address: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});

describe('A notification', () => {
  const signal = new AbortController().signal;
  const named = (answers: (readonly LookupAddress[])[]) => {
    const asked: string[] = [];
    const lookup = ((hostname: string, _: object, callback: (error: null, addresses: LookupAddress[]) => void) => {
      asked.push(hostname);
      callback(null, [...(answers.length > 1 ? (answers.shift() ?? []) : (answers[0] ?? []))]);
    }) as unknown as NonNullable<Parameters<typeof restHook>[1]>;
    return { lookup, asked };
  };
  const own = [{ address: '127.0.0.1', family: 4 }];

  test('is not sent to a name that is an address of this machine, whatever it was before', async () => {
    const receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    const endpoint = `http://hooks.example.org:${port}/`;
    const open = { prefixes: [endpoint], privateAddresses: false };
    const mixed = [{ address: '93.184.216.34', family: 4 }, ...own];
    for (const answers of [[own], [mixed], [[{ address: '::ffff:127.0.0.1', family: 6 }]]]) {
      const { lookup, asked } = named(answers);
      const sending = restHook(open, lookup)({ endpoint, headers: [], method: 'POST' }, signal);
      await expect(sending).rejects.toThrow('no address of the public internet');
      expect(asked).toEqual(['hooks.example.org']); // once: what was looked at is what would be connected to
    }
    expect(receiver.received).toEqual([]);
    const { lookup } = named([own]);
    const sending = restHook({ ...open, privateAddresses: true }, lookup);
    expect(await sending({ endpoint, headers: [], method: 'POST' }, signal)).toBe(200);
    await receiver.close();
  });

  test('follows no redirection', async () => {
    const [receiver, other] = [await startReceiver(), await startReceiver()];
    receiver.answer = () => ({ status: 302, location: other.url });
    const send = restHook({ prefixes: [receiver.url], privateAddresses: true });
    expect(await send({ endpoint: receiver.url, headers: [], method: 'POST' }, signal)).toBe(302);
    expect(other.received).toEqual([]);
    await Promise.all([receiver.close(), other.close()]);
  });

  test('is given up when it is stopped', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const endpoint = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}/`;
    const stop = new AbortController();
    silent.on('request', () => {
      stop.abort();
    });
    const send = restHook({ prefixes: [endpoint], privateAddresses: true });
    await expect(send({ endpoint, headers: [], method: 'POST' }, stop.signal)).rejects.toThrow('abort');
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
  });
});
