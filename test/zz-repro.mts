import { startServerProcess } from './chaos/support/server-process.js';
import { signInRequest } from './chaos/support/other-requests.js';
import { graphqlRequest, schemasOf } from './chaos/support/graphql-requests.js';
import { chanceOf } from './chaos/support/seed.js';
import { rawRequest } from './chaos/support/rest-requests.js';
import { readFileSync } from 'node:fs';
const server = await startServerProcess({ IMPORT_SOURCES: 'file:///nowhere/' });
const token = server.token('practitioner');
let n = 0;
for (let at = 0; at < 10000 && n < 3; at++) {
  const r = signInRequest(chanceOf('the sign-in', at));
  const line = r.toString('latin1').split('\r\n')[0]!;
  if (!/^(GET|HEAD) \/sign-in\/oauth2\/authorize\/x/.test(line)) continue;
  const a = await server.send(r);
  if (a.status === 500) { n++;
    const [path, q=''] = line.split(' ')[1]!.split('?');
    let pairs = q.split('&');
    const fails = async (p: string[]) => (await server.send(rawRequest({method:'GET',target:path+'?'+p.join('&'),headers:[]}))).status === 500;
    console.log('whole without headers', await fails(pairs));
    for (let i = 0; i < pairs.length;) { const less = pairs.filter((_, k) => k !== i); if (await fails(less)) pairs = less; else i++; }
    console.log(pairs.join('&').slice(0, 300), line.length);
  }
}
const schema = (version: string) => readFileSync(`schema/${version}/schema.graphql`, 'utf8');
const schemas = schemasOf({ r4: schema('r4'), stu3: schema('stu3') });
for (let at = 0; at < 10000; at++) {
  const r = graphqlRequest(chanceOf('$graphql', at), schemas, { face: 'operation', token });
  const t = r.toString('utf8');
  if (r.length !== 1716 && r.length !== 1776 || !/mutation/.test(t)) continue;
  const a = await server.send(r);
  if (a.status === 500) console.log(t.slice(t.indexOf('\r\n\r\n')), a.body.toString());
}
console.log(server.printed().slice(-5000));
await server.close();
