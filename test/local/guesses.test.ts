import { describe, expect, test } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { clientAddress, trustedProxiesOf } from '../../local/client-address.js';
import { readSettings } from '../../local/settings.js';
import { createGuesses } from '../../local/sign-in/guesses.js';

describe('Guesses of a password', () => {
  let time = 0;
  const guesses = () => createGuesses(() => time);

  test('are counted by where they come from', () => {
    const one = guesses();
    for (let i = 0; i < 20; i += 1) one.wrong('a', `user-${String(i)}`);
    expect([one.areLeft('a', 'jane'), one.areLeft('b', 'jane')]).toEqual([false, true]);
    time += 10_000;
    expect(one.areLeft('a', 'jane')).toBe(true);
  });

  test('are counted by whom they are for, from however many addresses', () => {
    const one = guesses();
    for (let i = 0; i < 50; i += 1) one.wrong(`address-${String(i)}`, 'jane');
    expect([one.areLeft('another', 'jane'), one.areLeft('another', 'john')]).toEqual([false, true]);
    time += 10_000;
    expect(one.areLeft('another', 'jane')).toBe(true);
  });

  test('from elsewhere keep nobody out who signed in before, whose own are counted as anybody’s', () => {
    const one = guesses();
    one.right('home', 'jane');
    for (let i = 0; i < 60; i += 1) one.wrong(`address-${String(i)}`, 'jane');
    expect([one.areLeft('home', 'jane'), one.areLeft('address-99', 'jane')]).toEqual([true, false]);
    for (let i = 0; i < 20; i += 1) one.wrong('home', 'jane');
    expect(one.areLeft('home', 'jane')).toBe(false);
  });
});

describe('Where a request comes from', () => {
  const from = (peer: string, forwarded: string | undefined, trusted: string): string =>
    clientAddress(
      { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage,
      trustedProxiesOf(trusted),
    );

  test.each([
    ['is its peer without trusted proxies, whatever it says', '192.0.2.1', '198.51.100.7', '', '192.0.2.1'],
    ['is its peer when that is none of them', '192.0.2.1', '198.51.100.7', '10.0.0.0/8', '192.0.2.1'],
    ['is what the proxy says', '10.0.0.1', '198.51.100.7', '10.0.0.0/8', '198.51.100.7'],
    [
      'is what the last proxy wrote, not what its client did',
      '10.0.0.1',
      '1.1.1.1, 198.51.100.7',
      '10.0.0.1',
      '198.51.100.7',
    ],
    ['goes back through several proxies', '10.0.0.1', '1.1.1.1, 198.51.100.7, 10.0.0.2', '10.0.0.0/8', '198.51.100.7'],
    ['is the first proxy when all are', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.0/8', '10.0.0.3'],
    ['stops at what is no address', '10.0.0.1', '198.51.100.7, unknown', '10.0.0.0/8', '10.0.0.1'],
    ['is the proxy when it says nothing', '10.0.0.1', undefined, '10.0.0.0/8', '10.0.0.1'],
    ['is the same in both forms of an address', '::ffff:10.0.0.1', '::ffff:198.51.100.7', '10.0.0.0/8', '198.51.100.7'],
    ['is a network of IPv6: who has one has 2⁶⁴ addresses', '::1', '2001:db8:1:2:3:4:5:6', '::1', '2001:db8:1:2'],
  ])('%s', (_, peer, forwarded, trusted, expected) => {
    expect(from(peer, forwarded, trusted)).toBe(expected);
  });

  test.each(['10.0.0.0/8, proxy', '*', '0.0.0.0/0', '::/0', '1', '10.0.0.0/33'])(
    'TRUSTED_PROXIES is not %s',
    (text) => {
      expect(() => readSettings({ TRUSTED_PROXIES: text })).toThrow('TRUSTED_PROXIES has');
    },
  );
});
