import { describe, expect, test } from '@jest/globals';
import { eventually, type Stack, type StackAnswer } from './support/stack.js';

/** Subscriptions, notified by the deployed function behind the stream. */
export function describeSubscriptions(stackOf: () => Stack): void {
  const status = (id: string): Promise<StackAnswer> => stackOf().send('GET', `/Subscription/${id}`);
  const subscribed = async (criteria: string, path: string): Promise<string> => {
    const { status: answered, json } = await stackOf().send('POST', '/Subscription', {
      body: {
        resourceType: 'Subscription',
        status: 'requested',
        reason: 'To be told',
        criteria,
        channel: { type: 'rest-hook', endpoint: stackOf().receiver.url + path, payload: 'application/fhir+json' },
      },
    });
    expect(answered).toBe(201);
    return json.id;
  };

  describe('Subscriptions', () => {
    test('an endpoint is told of each version that matches, in order, after a handshake', async () => {
      const stack = stackOf();
      const { receiver } = stack;
      const id = await subscribed('Practitioner?active=true', '/told');
      await eventually(
        () => status(id),
        ({ json }) => (json as { readonly status?: string }).status === 'active',
      );
      const body = { resourceType: 'Practitioner', active: true };
      const { json: first } = await stack.send('POST', '/Practitioner', { body });
      await stack.send('POST', '/Practitioner', { body: { ...body, active: false } });
      await stack.send('PUT', `/Practitioner/${first.id}`, { body: { ...body, id: first.id, gender: 'other' } });
      const puts = await eventually(
        () =>
          Promise.resolve(receiver.received.filter(({ method, path }) => method === 'PUT' && path.startsWith('/told'))),
        (all) => all.length >= 2,
      );
      expect(puts.map(({ path }) => path)).toEqual(Array(2).fill(`/told/Practitioner/${first.id}`));
      const versions = puts.map((each) => (JSON.parse(each.body) as { meta: { versionId: string } }).meta.versionId);
      expect(versions).toEqual(['1', '2']);
    });

    test('what an endpoint does not take comes again', async () => {
      const stack = stackOf();
      const { receiver } = stack;
      const id = await subscribed('Organization?name=again', '/again');
      await eventually(
        () => status(id),
        ({ json }) => (json as { readonly status?: string }).status === 'active',
      );
      let refused = 0;
      receiver.answer = ({ method, path }) => {
        if (method !== 'PUT' || !path.startsWith('/again') || refused > 0) return 200;
        refused += 1;
        return 503;
      };
      await stack.send('POST', '/Organization', { body: { resourceType: 'Organization', name: 'Again' } });
      await eventually(
        () => Promise.resolve(receiver.received.filter(({ path }) => path.startsWith('/again/Organization'))),
        (all) => all.length === 2,
      );
      expect(refused).toBe(1);
    });

    test('an endpoint that is not allowed is refused when it is written', async () => {
      const answer = await stackOf().send('POST', '/Subscription', {
        body: {
          resourceType: 'Subscription',
          status: 'requested',
          reason: 'To be told',
          criteria: 'Patient?',
          channel: { type: 'rest-hook', endpoint: 'http://169.254.169.254/latest/meta-data' },
        },
      });
      expect([answer.status, answer.json.issue[0].expression]).toEqual([422, ['Subscription.channel.endpoint']]);
    });
  });
}
