import { randomUUID } from 'node:crypto';
import { invalidRequest, unprocessable } from '../../fhir/outcome.js';
import type { Resource } from '../../fhir/resource.js';
import { parseCanonical } from '../../fhir/terminology/finder.js';
import type { Designation } from '../../fhir/terminology/code-system.js';
import { displayIn, isLanguage } from '../../fhir/terminology/display.js';
import { codesOf, type ValueSetCode, type ValueSetCodes } from '../../fhir/terminology/expand.js';
import type { ValueSet } from '../../fhir/terminology/value-set.js';
import { terminologyFinder } from '../terminology.js';
import { inputFlag, inputInteger, type OperationInput, inputText, inputTexts } from './input.js';
import type { Operation } from './operation.js';
import { versionParameters, withVersions } from './system-versions.js';
import { valueSetOf, valueSetParameters } from './terminology-input.js';

/** More codes than these are given in pages only, by `count`. */
const mostAtOnce = 10_000;

/** `ValueSet/$expand`: the codes of a value set, in a flat list. https://hl7.org/fhir/R4/valueset-operation-expand.html */
export const expand: Operation = {
  name: 'expand',
  definition: 'http://hl7.org/fhir/OperationDefinition/ValueSet-expand',
  levels: ['type', 'instance'],
  types: ['ValueSet'],
  affectsState: false,
  needs: 'read',
  bodyParameter: 'valueSet',
  parameters: [
    ...valueSetParameters,
    { name: 'contextDirection', type: 'code', versions: ['r4'] },
    { name: 'filter', type: 'string' },
    { name: 'offset', type: 'integer' },
    { name: 'count', type: 'integer' },
    { name: 'includeDesignations', type: 'boolean' },
    { name: 'designation', type: 'string', repeats: true, versions: ['r4'] },
    { name: 'includeDefinition', type: 'boolean' },
    { name: 'activeOnly', type: 'boolean' },
    { name: 'excludeNested', type: 'boolean' },
    { name: 'excludeNotForUI', type: 'boolean' },
    { name: 'excludePostCoordinated', type: 'boolean' },
    { name: 'limitedExpansion', type: 'boolean', versions: ['stu3'] },
    { name: 'exclude-system', type: 'canonical', repeats: true, versions: ['r4'] },
    ...versionParameters.map((name) => ({ name, type: 'canonical', repeats: true, versions: ['r4'] }) as const),
  ],
  async run(server, caller, invocation) {
    const { input } = invocation;
    const finder = withVersions(terminologyFinder(server, caller), input);
    const valueSet = await valueSetOf(server, caller, invocation, finder);
    const found = await codesOf(finder, valueSet);
    return { kind: 'resource', resource: expanded(valueSet, found, input, new Date(server.now()).toISOString()) };
  },
};

/** What narrative and definition an expansion leaves out: they are about something else, and large. */
const leftOut = new Set(['meta', 'text', 'contained', 'compose', 'expansion']);

function expanded(valueSet: ValueSet, found: ValueSetCodes, input: OperationInput, timestamp: string): Resource {
  const offset = wholeNumber(input, 'offset') ?? 0;
  const count = wholeNumber(input, 'count');
  const wanted = found.codes.filter(codeTest(input));
  const page = wanted.slice(offset, count === undefined ? undefined : offset + count);
  if (page.length > mostAtOnce) {
    throw unprocessable(
      'too-costly',
      `There are ${String(wanted.length)} codes: ask for pages by count, or narrow them by filter`,
    );
  }
  const designations = designationTest(input);
  const language = inputText(input, 'displayLanguage');
  const definition = inputFlag(input, 'includeDefinition') === true && valueSet.compose !== undefined;
  return {
    ...(Object.fromEntries(Object.entries(valueSet).filter(([name]) => !leftOut.has(name))) as Partial<ValueSet>),
    resourceType: 'ValueSet',
    ...(definition ? { compose: valueSet.compose } : {}),
    expansion: {
      ...(found.incomplete
        ? { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed', valueBoolean: true }] }
        : {}),
      identifier: `urn:uuid:${randomUUID()}`,
      timestamp,
      total: wanted.length,
      offset,
      ...list('parameter', [
        ...usedParameters(input),
        ...found.systems.map((valueUri) => ({ name: 'version', valueUri })),
      ]),
      ...list(
        'contains',
        page.map((code) => contained(code, language, designations)),
      ),
    },
  };
}

const list = (name: string, items: readonly unknown[]): object => (items.length === 0 ? {} : { [name]: items });

function wholeNumber(input: OperationInput, name: string): number | undefined {
  const value = inputInteger(input, name);
  if (value !== undefined && value < 0) throw invalidRequest(`${name} is a whole number from 0 on`, name);
  return value;
}

const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Which codes the caller wants to see. */
function codeTest(input: OperationInput): (code: ValueSetCode) => boolean {
  const words = folded(inputText(input, 'filter') ?? '')
    .split(/\s+/)
    .filter((word) => word !== '');
  const activeOnly = inputFlag(input, 'activeOnly') === true;
  const forUI = inputFlag(input, 'excludeNotForUI') === true;
  const language = inputText(input, 'displayLanguage');
  const excluded = inputTexts(input, 'exclude-system').map(parseCanonical);
  return (code) => {
    if ((activeOnly && code.inactive) || (forUI && code.abstract)) return false;
    if (excluded.some(({ url, version = code.version }) => url === code.system && version === code.version))
      return false;
    if (words.length === 0) return true;
    const text = folded(`${code.code} ${code.display ?? ''} ${displayIn(code, language) ?? ''}`);
    return words.every((word) => text.includes(word));
  };
}

/** Which designations of codes the caller wants to see: by `designation`, a language or a use as tokens, or all. */
function designationTest(input: OperationInput): (designation: Designation) => boolean {
  const tokens = inputTexts(input, 'designation').map((token) => {
    const bar = token.indexOf('|');
    return bar < 0 ? { code: token } : { system: token.slice(0, bar), code: token.slice(bar + 1) };
  });
  if (inputFlag(input, 'includeDesignations') !== true && tokens.length === 0) return () => false;
  return ({ language, use }) =>
    tokens.length === 0 ||
    tokens.some(
      ({ system, code }) =>
        ((system === undefined || system === 'urn:ietf:bcp:47') && isLanguage(language, code)) ||
        (use?.code === code && (system === undefined || use.system === system)),
    );
}

function contained(
  code: ValueSetCode,
  language: string | undefined,
  wanted: (designation: Designation) => boolean,
): object {
  const display = displayIn(code, language);
  return {
    system: code.system,
    ...(code.abstract ? { abstract: true } : {}),
    ...(code.inactive ? { inactive: true } : {}),
    ...(code.version === undefined ? {} : { version: code.version }),
    code: code.code,
    ...(display === undefined ? {} : { display }),
    ...list('designation', code.designation.filter(wanted)),
  };
}

/** The parameters that shaped the expansion, in the form expansions have them. */
function usedParameters(input: OperationInput): object[] {
  const shaping = [
    'filter',
    'offset',
    'count',
    'includeDesignations',
    'designation',
    'activeOnly',
    'excludeNotForUI',
    'displayLanguage',
    'exclude-system',
    'date',
    ...versionParameters,
  ];
  return shaping.flatMap((name) =>
    (input.get(name) ?? []).map(({ value }) => ({
      name,
      [typeof value === 'boolean' ? 'valueBoolean' : typeof value === 'number' ? 'valueInteger' : 'valueString']: value,
    })),
  );
}
