import { at, type Json, objectsOf, textAt } from './json.js';

/** A request to begin with. */
export interface ExampleRequest {
  readonly name: string;
  readonly method: string;
  /** Below the base. */
  readonly path: string;
  /** One a line. */
  readonly headers: string;
  readonly body: string;
}

/** Requests of one folder of a collection. */
export interface ExampleGroup {
  readonly name: string;
  readonly requests: readonly ExampleRequest[];
}

const base = '{{baseUrl}}/{{version}}';

/**
 * The requests of a Postman collection that go to the REST API, by folder. Variables that are not known stand in brackets,
 * to be replaced by hand. https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html
 */
export function requestsOf(collection: unknown, variables: Readonly<Record<string, string>>): readonly ExampleGroup[] {
  const filled = (text: string): string =>
    text.replace(/\{\{\$?(\w+)\}\}/g, (_, name: string) => variables[name] ?? `[${name}]`);
  return objectsOf(at(collection, 'item')).flatMap((folder) => {
    const requests = objectsOf(folder['item']).flatMap((item) => {
      const request = item['request'];
      const url = textAt(request, 'url') ?? textAt(request, 'url', 'raw') ?? '';
      // Those without a token, or with a wrong one, say nothing here: every request is sent as who is signed in.
      const isOwn =
        url.startsWith(base) && (at(request, 'auth') === undefined || url.slice(base.length) === '/metadata');
      return isOwn ? [requestOf(textAt(item, 'name') ?? url, request as Json, url.slice(base.length), filled)] : [];
    });
    return requests.length === 0 ? [] : [{ name: textAt(folder, 'name') ?? '', requests }];
  });
}

function requestOf(name: string, request: Json, path: string, filled: (text: string) => string): ExampleRequest {
  const form = objectsOf(at(request, 'body', 'urlencoded')).map((each): [string, string] => [
    textAt(each, 'key') ?? '',
    filled(textAt(each, 'value') ?? ''),
  ]);
  const headers = objectsOf(request['header']).map(
    (each) => `${textAt(each, 'key') ?? ''}: ${filled(textAt(each, 'value') ?? '')}`,
  );
  return {
    name,
    method: textAt(request, 'method') ?? 'GET',
    path: filled(path).replace(/^\//, ''),
    headers: [...headers, ...(form.length === 0 ? [] : ['Content-Type: application/x-www-form-urlencoded'])].join('\n'),
    body: form.length === 0 ? filled(textAt(request, 'body', 'raw') ?? '') : new URLSearchParams(form).toString(),
  };
}
