import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { entriesOf, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;
const narrative = (text: string): object => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>`,
});
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    const put = async (body: { readonly resourceType: string; readonly id: string; readonly [e: string]: unknown }) => {
      const { status, text } = await server.send('PUT', `/${version}/${body.resourceType}/${body.id}`, { body });
      if (status >= 300) throw new Error(text);
    };
    const subject = { reference: 'Patient/p1' };
    const condition = (id: string, text: string, code: string, extra: object = {}) =>
      put({ resourceType: 'Condition', id, text: narrative(text), code: { text: code }, subject, ...extra });
    await put({ resourceType: 'Patient', id: 'p1' });
    await put({ resourceType: 'Patient', id: 'p2' });
    await condition('c1', '<p>Heart <b>attack</b> in <i>M&#252;nchen</i> &amp; Bonn</p>', 'myocardial infarction');
    await condition('c2', '<p>Attack of the heart</p>', 'Angina', { note: [{ text: 'left-sided; see heart attack' }] });
    await condition('c3', '<p>none</p><p title="hidden">visible</p>', 'flu', { subject: { reference: 'Patient/p2' } });
    await put({
      resourceType: 'Binary',
      id: 'b1',
      contentType: 'text/plain',
      ...(version === 'r4' ? {} : { content: 'eA==' }),
    });
    const list = (id: string, references: readonly string[], extra: object = {}) =>
      put({
        resourceType: 'List',
        id,
        status: 'current',
        mode: 'changes',
        entry: references.map((reference) => ({
          item: { reference },
          ...(reference.endsWith('c3') ? { deleted: true } : {}),
        })),
        ...extra,
      });
    await list(
      'l1',
      ['Condition/c1', 'Patient/p1', `${server.base(version)}/Condition/c2`, 'http://other.org/Condition/c3'],
      { subject },
    );
    await list('l2', ['Condition/c2', 'Condition/c3', 'Patient/p2']);
  }
});
afterAll(() => server.close());

const ids = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return entriesOf(json)
    .map(({ resource }) => resource?.id ?? '')
    .sort();
};

describe.each(fhirVersions)('%s', (version) => {
  const get = (query: string, as = 'practitioner') => server.send('GET', encodeURI(`/${version}/${query}`), { as });

  test.each([
    ['Condition?_text=heart', ['c1', 'c2']],
    ['Condition?_text=HEART attack', ['c1', 'c2']],
    ['Condition?_text=heart AND attack', ['c1', 'c2']],
    ['Condition?_text="heart attack"', ['c1']],
    ['Condition?_text=munchen', ['c1']],
    ['Condition?_text=münchen bonn', ['c1']],
    ['Condition?_text=hear', []],
    ['Condition?_text=angina', []],
    ['Condition?_text=hidden', []],
    ['Condition?_text=title', []],
    ['Condition?_text=visible,bonn', ['c1', 'c3']],
    ['Condition?_text=visible OR bonn', ['c1', 'c3']],
    ['Condition?_text=heart&_text=bonn', ['c1']],
    ['Condition?_text=attack&patient=p1&_sort=-_id', ['c1', 'c2']],
    ['Condition?_content=angina', ['c2']],
    ['Condition?_content="heart attack"', ['c1', 'c2']],
    ['Condition?_content=heart infarction', ['c1']],
    ['Condition?_content=left-sided', ['c2']],
    ['Condition?_content=patient', []],
    ['?_content=flu', ['c3']],
    ['Condition?patient:Patient._has:Condition:patient:_text=bonn', ['c1', 'c2']],
  ])('%s finds words in narratives, or anywhere', async (query, wanted) => {
    expect(ids(await get(query))).toEqual(wanted);
  });

  test.each([
    ['Condition?_text=...', 'invalid', '_text'],
    ['Condition?_text="heart', 'invalid', '_text'],
    ['Condition?_text=(bone OR liver) AND x', 'not-supported', '_text'],
    ['Condition?_text=hea*', 'not-supported', '_text'],
    ['Condition?_text=NOT heart', 'not-supported', '_text'],
    ['Condition?_text:exact=heart', 'not-supported', '_text:exact'],
    ['Condition?_sort=_text', 'not-supported', '_sort'],
    ['Condition?_sort=_score', 'not-supported', '_sort'],
    ['Condition?_list=$current-problems', 'not-supported', '_list'],
    ['Condition?_list=a b', 'invalid', '_list'],
    ['Condition?_list:not=l1', 'not-supported', '_list:not'],
    ['Condition?_query=a', 'not-supported', '_query'],
  ])('%s is refused by name, also leniently', async (query, code, place) => {
    for (const handling of ['strict', 'lenient']) {
      const prefer = { prefer: `handling=${handling}` };
      const { status, json } = await server.send('GET', encodeURI(`/${version}/${query}`), { headers: prefer });
      expect([status, json.issue[0].code, json.issue[0].expression]).toEqual([400, code, [place]]);
    }
  });

  test('_text is no parameter of types without a narrative', async () => {
    const { status, json } = await get('Binary?_text=heart');
    expect([status, json.issue[0].diagnostics]).toEqual([400, 'Binary has no search parameter "_text"']);
  });

  test('_contained=false is what a search does anyway', async () => {
    expect(ids(await get('Condition?_contained=false'))).toEqual(['c1', 'c2', 'c3']);
  });

  test.each([
    ['Condition?_list=l1', ['c1', 'c2']],
    ['Condition?_list=List/l1', ['c1', 'c2']],
    ['Patient?_list=l1', ['p1']],
    ['Condition?_list=l2', ['c2']],
    ['Condition?_list=l1&_list=l2', ['c2']],
    ['Condition?_list=l1,l2', ['c1', 'c2']],
    ['Condition?_list=l1&_text=bonn', ['c1']],
    ['?_list=l1&_sort=_id', ['c1', 'c2', 'p1']],
    ['Condition?_list=nowhere', []],
    ['Condition?patient._list=l1', ['c1', 'c2']],
  ])('%s finds the entries of lists', async (query, wanted) => {
    expect(ids(await get(query))).toEqual(wanted);
  });

  test('a list that a patient may not see is none, and a role that may not read lists is refused', async () => {
    expect(ids(await get('Condition?_list=l1', 'patient-1'))).toEqual(['c1', 'c2']);
    expect(ids(await get('Condition?_list=l2', 'patient-1'))).toEqual([]);
    expect((await get('Patient?_list=l1', 'auditor')).status).toBe(403);
  });
});
