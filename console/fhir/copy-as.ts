import type { Api } from './api.js';
import { headersOf } from './headers.js';
import { isDirective, type Pair } from './query.js';

/** How a search or another request is written elsewhere. Tokens are never copied: `$TOKEN` and `token` stand for them. */
export interface Written {
  readonly id: string;
  readonly text: string;
  readonly hint: string;
  /** Undefined where it cannot be said so. */
  readonly code: string | undefined;
}

/** A text as JavaScript, JSON and GraphQL have it. */
export const quoted = (text: string): string => JSON.stringify(text);

/** A text for a shell, between single quotes. */
export const inShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * A search as a URL, for curl, as JavaScript, and as GraphQL.
 * @param link the address of the console with the search in it.
 */
export function writtenAs(
  api: Pick<Api, 'base' | 'graphql'>,
  type: string,
  query: string,
  pairs: readonly Pair[],
  link: string,
): readonly Written[] {
  const url = `${api.base}/${type}${query === '' ? '' : `?${query}`}`;
  const graphql = graphqlOf(type, pairs);
  return [
    { id: 'link', text: 'Link', hint: 'to this page, to keep or to send', code: link },
    { id: 'url', text: 'URL', hint: 'GET', code: url },
    {
      id: 'curl',
      text: 'curl',
      hint: 'command line',
      code: `curl -s -H "Authorization: Bearer $TOKEN" '${url.replaceAll("'", '%27')}'`,
    },
    {
      id: 'fetch',
      text: 'JavaScript',
      hint: 'fetch',
      code: `const reply = await fetch(${quoted(url)}, {\n  headers: { Authorization: \`Bearer \${token}\` },\n});\nconst bundle = await reply.json();`,
    },
    {
      id: 'graphql',
      text: 'GraphQL',
      hint: graphql === undefined ? 'not by modifiers or chains' : 'query',
      code: graphql,
    },
    {
      id: 'amplify',
      text: 'JavaScript',
      hint: 'Amplify',
      code:
        graphql === undefined
          ? undefined
          : `import { generateClient } from 'aws-amplify/api';\n\nconst { data } = await generateClient().graphql({ query: \`${graphql}\` });`,
    },
  ];
}

/** A search as a list of GraphQL; its arguments are plain parameters, `-` as `_`. */
export function graphqlOf(type: string, pairs: readonly Pair[]): string | undefined {
  const taken = pairs.filter((pair) => !isDirective(pair) || pair.key === '_sort' || pair.key === '_count');
  if (taken.some(({ key }) => !/^_?[a-zA-Z][\w-]*$/.test(key))) return undefined;
  const names = [...new Set(taken.map(({ key }) => key))];
  const argumentsText = names
    .map((name) => {
      const values = taken.filter(({ key }) => key === name).map(({ value }) => value);
      if (name === '_count') return `_count: ${String(Number(values.at(-1)))}`;
      const [only = ''] = values;
      return `${name.replaceAll('-', '_')}: ${values.length === 1 ? quoted(only) : `[${values.map(quoted).join(', ')}]`}`;
    })
    .join(', ');
  return `{\n  ${type}List${argumentsText === '' ? '' : `(${argumentsText})`} {\n    id\n    meta { versionId lastUpdated }\n  }\n}`;
}

/** The methods that send a body. */
export const withBody: readonly string[] = ['POST', 'PUT', 'PATCH'];

/**
 * Any request for the command line and for JavaScript.
 * @param url the whole of it.
 * @param request headers one a line; a body where the method has one.
 */
export function requestWrittenAs(
  url: string,
  { method, headers, body }: { readonly method: string; readonly headers: string; readonly body: string },
): readonly Written[] {
  const given = Object.entries(headersOf(headers));
  const hasBody = withBody.includes(method) && body.trim() !== '';
  const isTyped = given.some(([name]) => name.toLowerCase() === 'content-type');
  const all = [...given, ...(hasBody && !isTyped ? [['Content-Type', 'application/fhir+json'] as const] : [])];
  const curl = [
    `curl -s${method === 'GET' ? '' : method === 'HEAD' ? ' -I' : ` -X ${method}`} -H "Authorization: Bearer $TOKEN"`,
    ...all.map(([name, value]) => `-H ${inShell(`${name}: ${value}`)}`),
    inShell(url),
    ...(hasBody ? [`-d ${inShell(body)}`] : []),
  ].join(' \\\n  ');
  const lines = [
    ...(method === 'GET' ? [] : [`method: ${quoted(method)},`]),
    `headers: { ${['Authorization: `Bearer ${token}`', ...all.map(([name, value]) => `${quoted(name)}: ${quoted(value)}`)].join(', ')} },`,
    ...(hasBody ? [`body: ${quoted(body)},`] : []),
  ];
  return [
    { id: 'url', text: 'URL', hint: method, code: url },
    { id: 'curl', text: 'curl', hint: 'command line', code: curl },
    {
      id: 'fetch',
      text: 'JavaScript',
      hint: 'fetch',
      code: `const reply = await fetch(${quoted(url)}, {\n  ${lines.join('\n  ')}\n});`,
    },
  ];
}
