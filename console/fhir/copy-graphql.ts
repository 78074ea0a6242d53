import { inShell, quoted, type Written } from './copy-as.js';

/** A text between backticks of JavaScript. */
const inTicks = (text: string): string =>
  `\`${text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')}\``;

/**
 * A GraphQL request as it is sent elsewhere. Tokens are never copied: `$TOKEN` and `token` stand for them.
 * @param variables JSON, or nothing.
 * @param link the address of the console with all of it.
 */
export function graphqlWrittenAs(url: string, query: string, variables: string, link: string): readonly Written[] {
  const given = variables.trim();
  const body = `{"query":${quoted(query)}${given === '' ? '' : `,"variables":${given.replace(/\s*\n\s*/g, ' ')}`}}`;
  const isSubscription = /^\s*subscription\b/m.test(query);
  const request = `{\n  query: ${inTicks(query.trim())},${given === '' ? '' : `\n  variables: ${given},`}\n}`;
  return [
    { id: 'link', text: 'Link', hint: 'to this page', code: link },
    { id: 'query', text: 'Query', hint: 'GraphQL', code: query },
    {
      id: 'curl',
      text: 'curl',
      hint: 'command line',
      code: isSubscription
        ? undefined
        : `curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' ${inShell(url)} \\\n  -d ${inShell(body)}`,
    },
    {
      id: 'fetch',
      text: 'JavaScript',
      hint: 'fetch',
      code: isSubscription
        ? undefined
        : `const reply = await fetch(${quoted(url)}, {\n  method: 'POST',\n  headers: { Authorization: \`Bearer \${token}\`, 'Content-Type': 'application/json' },\n  body: JSON.stringify(${request.replaceAll('\n', '\n  ')}),\n});\nconst { data, errors } = await reply.json();`,
    },
    {
      id: 'amplify',
      text: 'JavaScript',
      hint: 'Amplify',
      code: url.endsWith('$graphql')
        ? undefined
        : isSubscription
          ? `import { generateClient } from 'aws-amplify/api';\n\ngenerateClient()\n  .graphql(${request.replaceAll('\n', '\n  ')})\n  .subscribe({ next: ({ data }) => console.log(data), error: console.error });`
          : `import { generateClient } from 'aws-amplify/api';\n\nconst { data } = await generateClient().graphql(${request});`,
    },
  ];
}
