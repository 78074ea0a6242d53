import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type GraphqlServer, startGraphqlServer } from './graphql-server.js';

describe('requests meant to harm', () => {
  let graphql: GraphqlServer;
  beforeAll(async () => {
    graphql = await startGraphqlServer('r4');
  });
  afterAll(async () => {
    expect(graphql.failures).toEqual([]);
    await graphql.close();
  });

  const create = 'mutation($res: Patient_Input!) { PatientCreate(res: $res) { location } }';
  const extensions = (levels: number): Record<string, unknown> => {
    let extension: Record<string, unknown> = { url: 'http://example.org/x', valueString: 'x' };
    for (let level = 0; level < levels; level += 1) extension = { url: 'http://example.org/x', extension: [extension] };
    return { extension: [extension] };
  };
  const messages = ({ errors }: Answer): string[] => errors.map(({ message }) => message);

  test.each([
    ['selections', '{ '.repeat(14_000)],
    ['inline fragments', `{ ${'... on Query { '.repeat(4_000)} __typename ${'}'.repeat(4_001)}`],
    ['lists', `{ Patient(id: ${'['.repeat(14_000)}`],
    ['objects', `mutation { PatientCreate(res: ${'{ extension: '.repeat(4_000)}`],
  ])('a query of %s nested thousandfold is an error of the query', async (_, query) => {
    const answer = await graphql.execute(query);
    expect(answer.data).toBeNull();
    expect(messages(answer)).toEqual([
      expect.stringMatching(/^Validation error of type InvalidSyntax: Syntax Error: /),
    ]);
  });

  test.each([1_000, 20_000])('variables nested %i levels deep are an error of the request', async (levels) => {
    const answer = await graphql.execute(create, { res: extensions(levels) });
    expect(answer.data).toBeNull();
    expect(messages(answer)).toEqual([
      'Validation error of type WrongType: Variables are nested deeper than 500 levels.',
    ]);
  });

  test.each([120, 240])('variables nested less deep are refused as no resource: %i levels', async (levels) => {
    const { errors } = await graphql.execute(create, { res: extensions(levels) });
    expect(errors[0]?.errorInfo).toMatchObject({ status: 422 });
    expect(errors[0]?.message).toMatch(/is nested deeper than 100 levels/);
  });

  test.each([120, 1_000, 5_000])(
    'a contained resource nested %i levels deep is refused as no resource',
    async (levels) => {
      const contained = { resourceType: 'Patient', id: 'c', ...extensions(levels) };
      const text = deepText(contained);
      const { errors } = await graphql.execute(create, { res: { contained: [text] } });
      expect(errors[0]?.errorInfo).toMatchObject({ status: 422 });
      expect(errors[0]?.message).toMatch(/is nested deeper than 100 levels/);
    },
  );

  test('a resource inside another one is text: AppSync takes no object for AWSJSON', async () => {
    const res = { contained: [{ resourceType: 'Patient', id: 'c' }] };
    const answer = await graphql.execute(create, { res });
    expect(answer.data).toBeNull();
    expect(messages(answer)).toEqual([expect.stringContaining('AWSJSON must be a string that holds JSON')]);
  });

  test('an error does not repeat the whole of a wrong value', async () => {
    const res = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`unknown${String(at)}`, at]));
    const { errors } = await graphql.execute(create, { res });
    expect(errors.length).toBeGreaterThan(0);
    expect(Math.max(...errors.map(({ message }) => message.length))).toBeLessThan(1_100);
  });
});

/** JSON text of what is nested too deep for JSON.stringify. */
function deepText(value: unknown): string {
  const open: string[] = [];
  const close: string[] = [];
  let at = value as Record<string, unknown>;
  for (;;) {
    const { extension, ...rest } = at as { extension?: [Record<string, unknown>] };
    const members = JSON.stringify(rest).slice(1, -1);
    if (extension === undefined) return `${open.join('')}{${members}}${close.join('')}`;
    open.push(`{${members},"extension":[`);
    close.push(']}');
    [at] = extension;
  }
}
