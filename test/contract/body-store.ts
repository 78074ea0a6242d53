import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BodyKey, BodyStore, KeptBody } from '../../persistence/body-store.js';
import { defaultTenant } from '../../persistence/keys.js';
import { tenant } from '../support/tenant.js';
import type { Tenant } from '../../fhir/tenant.js';

/** What every adapter of the body store's port does, as a suite. @param make an empty store; called once. */
export function describeBodyStore(
  name: string,
  make: () => Promise<{ readonly bodies: BodyStore; readonly close: () => Promise<void> }>,
): void {
  describe(`Body store: ${name}`, () => {
    let bodies: BodyStore;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ bodies, close } = await make());
    });
    afterAll(() => close());

    const key = (more: Partial<BodyKey> = {}): BodyKey => ({
      tenant: defaultTenant,
      type: 'Patient',
      id: 'a',
      versionId: 1,
      commitId: 'c1',
      ...more,
    });
    const kept = async (tenant: Tenant): Promise<KeptBody[]> => {
      const found: KeptBody[] = [];
      for await (const each of bodies.list(tenant)) found.push(each);
      return found;
    };

    test('gives back what was put, character by character', async () => {
      const body = `{"text":"ä€😀\\u0000\n${'x'.repeat(5_000_000)}"}`;
      await bodies.put(key(), body);
      expect((await bodies.get(key())) === body).toBe(true);
    });

    test('takes the same body again', async () => {
      await bodies.put(key({ id: 'again' }), '{}');
      await bodies.put(key({ id: 'again' }), '{}');
      expect(await bodies.get(key({ id: 'again' }))).toBe('{}');
    });

    test('has nothing under another version, commit, id, type or tenant', async () => {
      await bodies.put(key({ id: 'one' }), '{}');
      const others = [
        { versionId: 2 },
        { commitId: 'c2' },
        { id: 'ONE.' },
        { type: 'Group' },
        { tenant: tenant('other') },
      ];
      for (const other of others) expect(await bodies.get(key({ id: 'one', ...other }))).toBeUndefined();
    });

    test('keeps ids apart that are paths elsewhere', async () => {
      for (const id of ['.', '..', '-', '...']) await bodies.put(key({ id }), JSON.stringify(id));
      for (const id of ['.', '..', '-', '...']) expect(await bodies.get(key({ id }))).toBe(JSON.stringify(id));
      expect((await kept(defaultTenant)).map((each) => each.key.id)).toEqual(
        expect.arrayContaining(['.', '..', '-', '...']),
      );
    });

    test('removes what is there, and what is not', async () => {
      await bodies.put(key({ id: 'gone' }), '{}');
      await bodies.put(key({ id: 'gone', versionId: 2 }), '[]');
      await bodies.delete(key({ id: 'gone' }));
      await bodies.delete(key({ id: 'gone' }));
      expect(await bodies.get(key({ id: 'gone' }))).toBeUndefined();
      expect(await bodies.get(key({ id: 'gone', versionId: 2 }))).toBe('[]');
    });

    test('lists all bodies of a tenant and no other’s, with the time they were put', async () => {
      const listed = tenant('listed');
      const before = Date.now() - 60_000; // clocks differ, and some have whole seconds
      const keys = ['a', 'b'].flatMap((id) => [1, 12].map((versionId) => key({ tenant: listed, id, versionId })));
      for (const each of keys) await bodies.put(each, '{}');
      for (const other of ['listed-too', '.', '..']) await bodies.put(key({ tenant: other as Tenant }), '{}');
      const found = await kept(listed);
      const byText = (one: BodyKey, other: BodyKey): number => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
      expect(found.map((each) => each.key).sort(byText)).toEqual([...keys].sort(byText));
      for (const { storedAt } of found) expect(storedAt).toBeGreaterThan(before);
      expect(await kept(tenant('nobody'))).toEqual([]);
    });
  });
}
