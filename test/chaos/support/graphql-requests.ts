import {
  buildSchema,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isObjectType,
} from 'graphql';
import type { FhirVersion } from '../../../fhir/version.js';
import { hostileJson, hostileText, inUrl, nearly } from './hostile.js';
import { rawRequest } from './rest-requests.js';
import type { Chance } from './seed.js';

/** The schemas of the AppSync APIs, whose names `$graphql` knows as well. */
export type Schemas = Readonly<Record<FhirVersion, GraphQLSchema>>;

/** Reads the schemas as they are, without checking them. */
export const schemasOf = (texts: Readonly<Record<FhirVersion, string>>): Schemas => {
  const read = (text: string): GraphQLSchema =>
    buildSchema(`${text} scalar AWSJSON`, { noLocation: true, assumeValid: true });
  return { r4: read(texts.r4), stu3: read(texts.stu3) };
};

const roots = ['Patient', 'Observation', 'Encounter', 'List', 'Binary', 'ValueSet', 'Questionnaire', 'Group'];
const directives = [
  '@include(if: true)',
  '@skip(if: $v)',
  '@flatten',
  '@first',
  '@singleton',
  '@slice(fhirpath: "use")',
  '@include',
  '@x',
  '@skip(if: false) '.repeat(500),
];

/** Text in quotes as GraphQL has it; now and then a block, or with escapes that stand for no character. */
function quoted(chance: Chance, text: string): string {
  if (chance.once(15)) return `"""${text}"""`;
  if (chance.once(15)) return chance.pick(['"\\u{110000}"', '"\\ud800"', '"\\u{', '"\\x"', '"', '"""']);
  return JSON.stringify(text);
}

/** A literal that may stand for an argument. */
function literal(chance: Chance, depth = 0): string {
  if (depth === 0 && !chance.once(6)) return chance.pick(usual);
  const many = chance.pick([1, 3, 100, 4_000]);
  switch (chance.below(depth > 2 ? 8 : 12)) {
    case 0:
      return quoted(chance, hostileText(chance, 5_000));
    case 1:
      return chance.pick(['null', 'true', '0', '-1', '1e400', '9'.repeat(400), '__proto__', 'subject', '$v', '$x']);
    case 2:
      return quoted(
        chance,
        nearly(chance, chance.pick(['ge2020-01-01', 'http://loinc.org|1234-5', 'name,-birthdate'])),
      );
    case 8:
      return `[${Array.from({ length: many }, () => literal(chance, 3)).join(' ')}]`;
    case 9:
      return `{${Array.from({ length: many }, (_, at) => `a${String(at)}: ${literal(chance, 3)}`).join(' ')}}`;
    case 10:
      return `${'['.repeat(many)}1${']'.repeat(many)}`;
    case 11:
      return `${'{a: '.repeat(many)}1${'}'.repeat(many)}`;
    default:
      return quoted(chance, chance.pick(['p1', '1', 'Patient/p1', '#a', 'A', 'name', '2020']));
  }
}

/** Values that arguments often have. */
const usual = [
  '"p1"',
  '"x"',
  '1',
  '5',
  'true',
  '"A"',
  '["A", "B"]',
  '"ge2020"',
  '"http://loinc.org|1234-5"',
  '"Patient/p1"',
  '"-birthdate"',
  '"a,b"',
];

const innermost = (text: string): string => text.replaceAll(/[[\]!]/g, '');

/** Fields of a type, some with arguments, aliases, directives and selections of their own. */
function selection(chance: Chance, schema: GraphQLSchema, type: GraphQLNamedType | undefined, depth: number): string {
  if (!isObjectType(type)) return chance.pick(['{ __typename }', '{ id }', '{ ... on Patient { id } }', '{ ...f0 }']);
  const fields = Object.values(type.getFields());
  const picked = Array.from({ length: 1 + chance.below(4) }, (): string => {
    const { name, args, type: given } = chance.pick(fields);
    const inner = schema.getType(innermost(String(given)));
    const isLeaf = inner === undefined || (!isObjectType(inner) && !('getFields' in inner) && !('getTypes' in inner));
    const some = args.filter(() => chance.once(Math.max(2, args.length / 2)));
    const asked = some.map((each) => {
      const kind = schema.getType(innermost(String(each.type)));
      const known = isEnumType(kind) && !chance.once(4) ? chance.pick(kind.getValues()).name : literal(chance);
      return `${each.name}: ${known}`;
    });
    if (chance.once(20)) asked.push(`${chance.pick(['__proto__', 'id', 'x', '_count'])}: ${literal(chance)}`);
    const alias = chance.once(8) ? `${chance.pick(['a', '__proto__', 'constructor', 'toString', 'id'])}: ` : '';
    const shown = `${alias}${name}${asked.length === 0 ? '' : `(${asked.join(', ')})`}${chance.once(10) ? ` ${chance.pick(directives)}` : ''}`;
    if (isLeaf && !chance.once(20)) return shown;
    return `${shown} ${depth === 0 ? '{ __typename }' : selection(chance, schema, inner, depth - 1)}`;
  });
  if (chance.once(6))
    picked.push(chance.pick(['__typename', '...f0', '... on Patient { id }', '... @skip(if: $v) { id }', '...none']));
  return `{ ${picked.join(' ')} }`;
}

/** A document from the schema, as a client writes one, or nearly. */
function likely(chance: Chance, schema: GraphQLSchema): string {
  const kind = chance.pick(['query', 'query', 'query', 'mutation', 'subscription']);
  const type = schema.getType({ query: 'Query', mutation: 'Mutation', subscription: 'Subscriptions' }[kind] ?? '');
  const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
  const root = chance.pick(roots);
  const near = fields.filter(({ name }) => name.startsWith(root) || kind === 'subscription');
  const field = chance.pick(near.length > 0 && !chance.once(10) ? near : fields);
  const asked = field.args
    .filter(({ type: given }) => String(given).endsWith('!') || chance.once(Math.max(2, field.args.length / 3)))
    .map(({ name, type: given }) => {
      const inner = schema.getType(innermost(String(given)));
      if (isInputObjectType(inner) && !chance.once(4)) return `${name}: ${inputOf(chance, schema, inner, 3)}`;
      if (isEnumType(inner) && !chance.once(4)) return `${name}: ${chance.pick(inner.getValues()).name}`;
      return `${name}: ${name === 'id' && !chance.once(4) ? '"p1"' : literal(chance)}`;
    });
  const body = `${field.name}${asked.length === 0 ? '' : `(${asked.join(', ')})`} ${selection(chance, schema, schema.getType(innermost(String(field.type))), 3)}`;
  const declared = [
    ...(body.includes('$v') ? ['$v: Boolean = true'] : []),
    ...(body.includes('$x') ? ['$x: String'] : []),
  ];
  const fragment = body.includes('...f0') ? ' fragment f0 on Patient { id name { family } }' : '';
  return `${kind} q${declared.length === 0 ? '' : `(${declared.join(', ')})`} { ${body} }${fragment}`;
}

/** An input object with some members of its type. */
function inputOf(chance: Chance, schema: GraphQLSchema, type: GraphQLNamedType | undefined, depth: number): string {
  if (!isInputObjectType(type)) return literal(chance);
  const members = Object.values(type.getFields())
    .filter(() => chance.once(6))
    .slice(0, 5)
    .map(({ name, type: given }) => {
      const inner = schema.getType(innermost(String(given)));
      const value = depth > 0 ? inputOf(chance, schema, inner, depth - 1) : literal(chance);
      return `${name}: ${String(given).startsWith('[') ? `[${value}]` : value}`;
    });
  return `{ ${members.join(', ')} }`;
}

/** Documents that ask for far more than they say: by depth, aliases, fragments, directives, introspection. */
function bomb(chance: Chance): string {
  const many = chance.pick([10, 60, 200, 1_000, 4_000]);
  const each = (write: (at: number) => string, length = many): string =>
    Array.from({ length }, (_, at) => write(at)).join(' ');
  const introspected =
    '{ name fields { name args { name type { name ofType { name fields { name } } } } type { name fields { name } } } }';
  switch (chance.below(16)) {
    case 0:
      return `{ ${each((at) => `a${String(at)}: Patient(id: "p1") { id }`)} }`;
    case 1:
      return `{ ${each((at) => `a${String(at)}: PatientList(name: "a") { id }`)} }`;
    case 2:
      return `{ Patient(id: "p1") { ${each(() => 'name { family given }')} } }`;
    case 3:
      return `{ Patient(id: "p1") ${'{ managingOrganization { resource { ... on Organization { partOf { resource '.repeat(many)}{ __typename }${' } } } } }'.repeat(many)} }`;
    case 4:
      return `query { Patient(id: "p1") { ...f0 } } ${each((at) => `fragment f${String(at)} on Patient { ...f${String(at + 1)} ...f${String(at + 1)} }`)} fragment f${String(many)} on Patient { id }`;
    case 5:
      return `{ Patient(id: "p1") { ...f0 } } ${each((at) => `fragment f${String(at)} on Patient { id ...f${String((at + 1) % many)} }`)}`;
    case 6:
      return `{ Patient(id: "p1") { id ${each(() => chance.pick(directives.slice(0, 5)))} } }`;
    case 7:
      return `{ ${each((at) => `a${String(at)}: __type(name: "Patient") ${introspected}`)} }`;
    case 8:
      return `{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } }`;
    case 9:
      return `query q(${each((at) => `$v${String(at)}: String = "x"`)}) { Patient(id: "p1") { id } }`;
    case 10:
      return `{ Patient(id: "p1") { ${each((at) => `... on Patient { a${String(at)}: name { family } }`)} } }`;
    case 11:
      return each((at) => `query q${String(at)} { __typename }`);
    case 12:
      return chance
        .pick(['{', '(', '[', '{a(', '{a:{', '"', '"""', '#', '$', '@', '...', ',', '\ufeff', '\u0000', '& '])
        .repeat(many * 10);
    case 13:
      return `{ Patient(id: "p1") { ${each(() => 'name { ...n }')} } } fragment n on HumanName { ${each((at) => `a${String(at % 50)}: family`)} }`;
    case 14:
      return `{ Patient(id: "p1") { ${'... on Patient { '.repeat(many)}id${' }'.repeat(many)} } }`;
    default:
      return `{ ${each(() => 'PatientList { ObservationList(_reference: subject) { subject { resource { ... on Patient { id } } } } }', Math.min(many, 60))} }`;
  }
}

/** A chance by which nothing rare happens. */
const calm = (chance: Chance): Chance => ({ ...chance, once: (inTimes) => inTimes < 6 && chance.once(inTimes) });

/** The parts of a request of GraphQL, each of which may be something else. */
export interface GraphqlParts {
  readonly query: string;
  /** JSON text. */
  readonly variables: string;
  readonly operationName: string;
}

/** A request of GraphQL. */
export function graphqlParts(chance: Chance, schemas: Schemas, version: FhirVersion): GraphqlParts {
  const schema = schemas[version];
  if (chance.once(3)) return { query: likely(calm(chance), schema), variables: '{}', operationName: '""' };
  let query = chance.once(4) ? bomb(chance) : likely(chance, schema);
  if (chance.once(12)) query = hostileText(chance, 50_000);
  if (chance.once(5)) query = nearly(chance, query);
  const variables = chance.once(4)
    ? hostileJson(chance)
    : chance.pick(['{}', 'null', '{"v":false}', '{"x":"p1","__proto__":{"v":1}}', `{"v":${hostileJson(chance)}}`]);
  return {
    query,
    variables,
    operationName: JSON.stringify(chance.pick(['q', 'q', 'q0', '', '__proto__', 'toString'])),
  };
}

/** The parts as JSON, now and then with members twice, or of wrong kinds. */
export function bodyOf(chance: Chance, { query, variables, operationName }: GraphqlParts): Buffer {
  const members = [`"query":${JSON.stringify(query)}`];
  if (!chance.once(4)) members.push(`"variables":${variables}`);
  if (!chance.once(3)) members.push(`"operationName":${operationName}`);
  if (chance.once(20)) members.push(`"query":"{ __typename }"`, `"__proto__":{"query":"{ id }"}`);
  const text = chance.once(20) ? hostileJson(chance) : `{${members.join(',')}}`;
  const bytes = Buffer.from(text, 'utf8');
  if (chance.once(20) && bytes.length > 0) bytes[chance.below(bytes.length)] = chance.below(256);
  if (chance.once(40)) return Buffer.from(text, 'utf16le');
  return chance.once(40) ? bytes.subarray(0, chance.below(bytes.length + 1)) : bytes;
}

const media = [
  'application/json',
  'application/json',
  'application/graphql',
  'text/plain',
  'application/json;charset=utf-16',
  'application/json;charset=x',
  'application/x-www-form-urlencoded',
  '',
];
const headers = [
  ['Accept', 'application/graphql-response+json'],
  ['Accept', '*/*;q=NaN'],
  ['Content-Encoding', 'gzip'],
  ['X-Consistency', 'strong'],
  ['Upgrade', 'websocket'],
  ['X-Forwarded-Host', 'evil.example'],
  ['Origin', 'null'],
  ['Transfer-Encoding', 'identity'],
] as const;

/** A request to the AppSync API, or to `$graphql`. */
export function graphqlRequest(
  chance: Chance,
  schemas: Schemas,
  { face, token }: { readonly face: 'appsync' | 'operation'; readonly token: string },
): Buffer {
  const version = chance.pick(['r4', 'stu3'] as const);
  const parts = graphqlParts(chance, schemas, version);
  const path =
    face === 'appsync'
      ? `/${version}/graphql`
      : `/${version}/${chance.pick(['', '', 'Patient/p1/', 'Observation/x/'])}$graphql`;
  const bearer = chance.once(20) ? [] : [['Authorization', `Bearer ${token}`] as const];
  const more = chance.once(6) ? [chance.pick(headers)] : [];
  if (face === 'operation' && chance.once(5)) {
    const query = inUrl(chance, parts.query).slice(0, 100_000);
    return rawRequest({
      method: 'GET',
      target: `${path}?query=${query}&variables=${inUrl(chance, parts.variables).slice(0, 5_000)}`,
      headers: [...bearer, ...more],
    });
  }
  const type = chance.once(4) ? chance.pick(media) : 'application/json';
  const body = type === 'application/graphql' ? Buffer.from(parts.query) : bodyOf(chance, parts);
  const method = chance.once(20) ? chance.pick(['GET', 'PUT', 'OPTIONS', 'HEAD']) : 'POST';
  return rawRequest({ method, target: path, headers: [...bearer, ...more, ['Content-Type', type]], body });
}
