import { createHash } from 'node:crypto';
import { fhirVersionNumbers, type FhirVersion } from '../fhir/version.js';
import type { SearchParameterDefinition } from '../fhir/search-parameter.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { isServedParameter } from '../search/served-parameter.js';
import { operationsAt, operationsOf, operationsOfType } from './operations/find-operation.js';
import type { Operation } from './operations/operation.js';
import type { FhirServer } from './server.js';
import { smartSecurity } from './smart-configuration.js';

/** When what the statement says changed last. */
export const changed = '2026-11-26';

const interactionsOfTypes = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'create',
  'search-type',
];
const interactionsOfSystem = ['transaction', 'batch', 'history-system', 'search-system'];

const codes = (names: readonly string[]): { code: string }[] => names.map((code) => ({ code }));

/** A capability statement as JSON text, and a digest that changes with it. */
export interface StatementText {
  readonly text: string;
  readonly digest: string;
}

/** Texts by server and base URL. More base URLs than this are nobody's honest configuration. */
const texts = new WeakMap<FhirServer, Map<string, StatementText>>();
const mostBaseUrls = 16;

/**
 * The CapabilityStatement: what this server does, said by the tables it does it with.
 * https://hl7.org/fhir/R4/capabilitystatement.html https://hl7.org/fhir/STU3/capabilitystatement.html
 * @param baseUrl by which the client knows the server.
 */
export function capabilities(server: FhirServer, baseUrl: string): StatementText {
  let known = texts.get(server);
  if (known === undefined || known.size >= mostBaseUrls) texts.set(server, (known = new Map<string, StatementText>()));
  const made = known.get(baseUrl);
  if (made !== undefined) return made;
  const stated = statementText(statement(server, baseUrl));
  known.set(baseUrl, stated);
  return stated;
}

/** A statement as text. */
export function statementText(stated: object): StatementText {
  const text = JSON.stringify(stated);
  return { text, digest: createHash('sha256').update(text).digest('base64url') };
}

function statement(server: FhirServer, baseUrl: string): object {
  const { definitions } = server;
  const { version } = definitions;
  const served = new Map<string, readonly SearchParameterDefinition[]>(
    definitions.resourceTypes.map((type) => [
      type,
      definitions.searchParameters.ofType(type).filter(isServedParameter),
    ]),
  );
  const common = [...commonParameters(served, version), ...specialParameters(definitions, 'Bundle')];
  const isServed = (operation: Operation): boolean => operation.isServed?.(server) ?? true;
  const revIncludes = revIncludesByTarget(definitions.resourceTypes, served);
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: changed,
    kind: 'instance',
    software: { name: 'fhir-on-appsync' },
    implementation: { description: `FHIR ${fhirVersionNumbers[version]} by REST`, url: baseUrl },
    fhirVersion: fhirVersionNumbers[version],
    // STU3 asks what happens to elements nobody knows: they are refused. R4 has no such question.
    ...(version === 'stu3' ? { acceptUnknown: 'no' } : {}),
    format: ['application/fhir+json', 'json'],
    patchFormat: ['application/json-patch+json', 'application/fhir+json'],
    ...(server.jobs === undefined ? {} : { instantiates: [bulkData] }),
    ...list('implementationGuide', guideUrls(server)),
    // STU3 lists the profiles of all types here; R4 has them at each type.
    ...(version === 'stu3'
      ? list(
          'profile',
          definitions.resourceTypes.flatMap((type) =>
            (server.guides?.profilesOfType(type) ?? []).map((reference) => ({ reference })),
          ),
        )
      : {}),
    rest: [
      {
        mode: 'server',
        security: {
          ...smartSecurity(server),
          cors: true,
          description:
            'Every request but this one needs a Bearer access token in Authorization, unless sign-in is off (AUTH=off, embedded server only)',
        },
        resource: definitions.resourceTypes.map((type) => {
          const parameters = served.get(type) ?? [];
          const includes = parameters.filter((parameter) => parameter.type === 'reference').map(({ code }) => code);
          const profile = `http://hl7.org/fhir/StructureDefinition/${type}`;
          return {
            type,
            profile: version === 'stu3' ? { reference: profile } : profile,
            ...(version === 'stu3' ? {} : list('supportedProfile', server.guides?.profilesOfType(type) ?? [])),
            ...documentationOf(server, type),
            interaction: codes(interactionsOfTypes),
            versioning: 'versioned',
            readHistory: true,
            updateCreate: true,
            conditionalCreate: true,
            conditionalRead: 'full-support',
            conditionalUpdate: true,
            conditionalDelete: server.conditionalDelete ?? 'single',
            referencePolicy: ['literal', 'logical'],
            ...list('searchInclude', includes.length === 0 ? [] : ['*', ...includes.map((code) => `${type}:${code}`)]),
            ...list('searchRevInclude', withAll(revIncludes.get(type))),
            ...list('searchParam', [
              ...parameters.map((parameter) => stated(parameter, version)),
              ...specialParameters(definitions, type),
            ]),
            ...(version === 'stu3'
              ? {}
              : list(
                  'operation',
                  operationsOfType(definitions, type)
                    .filter(isServed)
                    .map(({ name, definition }) => ({ name, definition })),
                )),
          };
        }),
        interaction: codes(interactionsOfSystem),
        searchParam: [...common, { name: '_type', type: 'token' }],
        compartment: definitions.compartments.names.map(
          (name) => `http://hl7.org/fhir/CompartmentDefinition/${name.charAt(0).toLowerCase()}${name.slice(1)}`,
        ),
        ...list(
          'operation',
          // STU3 has one list for all levels; R4 has one per type, and this one for the system's.
          version === 'stu3'
            ? operationsOf(definitions)
                .filter(isServed)
                .map(({ name, definition }) => ({ name, definition: { reference: definition } }))
            : operationsAt(definitions, 'system')
                .filter(isServed)
                .map(({ name, definition }) => ({ name, definition })),
        ),
      },
    ],
  };
}

/** What is not said of a type by its interactions. */
function documentationOf({ contents, subscriptions }: FhirServer, type: string): { documentation?: string } {
  if (type === 'Binary') {
    const byUrl = contents === undefined ? '' : '; without content it is answered with a URL to PUT the content to';
    return {
      documentation: `A create or update may be the content as it is, and so is a read unless it asks for FHIR${byUrl}`,
    };
  }
  if (type === 'Subscription') {
    return {
      documentation:
        subscriptions === undefined
          ? 'Subscriptions are stored; nobody is notified'
          : 'Notified are endpoints that this server allows, by rest-hook, with application/fhir+json or nothing sent along; the criteria are conditions on the resource alone',
    };
  }
  return {};
}

/** What a server of bulk data states to be. https://hl7.org/fhir/uv/bulkdata/STU2/CapabilityStatement-bulk-data.html */
const bulkData = 'http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data';
const filterDefinition = 'http://hl7.org/fhir/SearchParameter/filter';

/** A parameter as a statement lists it. */
interface StatedParameter {
  readonly name: string;
  readonly definition?: string;
  readonly type: string;
}

/** STU3 has no special parameters: its definitions call `near` a token. */
const stated = ({ code, url, type }: SearchParameterDefinition, version: FhirVersion): StatedParameter => ({
  name: code,
  definition: url,
  type: type === 'special' && version === 'stu3' ? 'token' : type,
});

/**
 * What is searched by beside the values of the resource; `_list` and `_has` have no definition, nor has STU3's `_filter`. STU3 knows no special
 * parameters: http://hl7.org/fhir/STU3/valueset-search-param-type.html
 */
function specialParameters({ version, searchParameters }: FhirDefinitions, type: string): StatedParameter[] {
  const kind = version === 'stu3' ? 'string' : 'special';
  const find = (code: string): readonly SearchParameterDefinition[] =>
    [searchParameters.find(type, code)].filter((each) => each !== undefined);
  return [
    ...find('near-distance').map((parameter) => stated(parameter, version)),
    ...[...find('_content'), ...find('_text')].map((parameter) => ({ ...stated(parameter, version), type: kind })),
    { name: '_filter', ...(version === 'r4' ? { definition: filterDefinition } : {}), type: kind },
    { name: '_has', type: kind },
    { name: '_list', type: kind },
  ];
}

/** The parameters that every type has. */
function commonParameters(
  served: ReadonlyMap<string, readonly SearchParameterDefinition[]>,
  version: FhirVersion,
): StatedParameter[] {
  const [first = [], ...others] = served.values();
  const urls = others.map((parameters) => new Set(parameters.map(({ url }) => url)));
  return first.filter(({ url }) => urls.every((each) => each.has(url))).map((each) => stated(each, version));
}

const withAll = (includes: readonly string[] | undefined): readonly string[] =>
  includes === undefined || includes.length === 0 ? [] : ['*', ...includes];
/** The canonical URLs of the guides; with their versions in R4, where they are canonicals. */
const guideUrls = ({ guides, definitions }: FhirServer): string[] =>
  (guides?.guides ?? []).flatMap(({ url, version }) =>
    url === undefined ? [] : [definitions.version === 'stu3' || version === '' ? url : `${url}|${version}`],
  );

/** FHIR has no empty arrays. */
const list = (name: string, items: readonly unknown[]): object => (items.length === 0 ? {} : { [name]: items });

/** By type, the `Observation:subject` of all reference parameters that may point at it. */
function revIncludesByTarget(
  types: readonly string[],
  served: ReadonlyMap<string, readonly SearchParameterDefinition[]>,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>(types.map((type) => [type, []]));
  for (const [type, parameters] of served) {
    for (const { code, type: kind, targets } of parameters) {
      if (kind !== 'reference') continue;
      for (const target of targets) found.get(target)?.push(`${type}:${code}`);
    }
  }
  return found;
}
