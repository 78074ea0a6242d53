import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readStu3SearchParameters } from '../../codegen/stu3/search-parameters.js';

/** A folder with the files of HL7's package hl7.fhir.r3.core, `SearchParameter-….json`. */
const official = process.env['FHIR_STU3_DEFINITIONS'];

interface OfficialParameter {
  id: string;
  url: string;
  code: string;
  type: string;
  base?: string[];
  expression?: string;
  component?: { definition: { reference: string }; expression: string }[];
  target?: string[];
}

/** Not part of the core: profiles' and examples' parameters, which the package has as well. */
const isCore = ({ id, base }: OfficialParameter): boolean =>
  base !== undefined && !/example|^[a-z]+-(extensions|genetic)|11179/.test(id);

/** The alternatives of a shared parameter that are for a type. */
const ofType = (expression: string | undefined, type: string): string | undefined =>
  expression
    ?.split(' | ')
    .filter((alternative) => new RegExp(`^${type}\\b`).test(alternative))
    .join(' | ');

(official === undefined ? test.skip : test)(
  'the search parameters of STU3 are the official ones, pair by pair',
  async () => {
    const folder = official ?? '';
    const expected = readdirSync(folder)
      .filter((name) => name.startsWith('SearchParameter-'))
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as OfficialParameter)
      .filter(isCore)
      .flatMap((parameter) =>
        (parameter.base ?? []).map((type) => [
          `${type}.${parameter.code}`,
          parameter.url,
          parameter.type,
          ofType(parameter.expression, type),
          (parameter.component ?? []).map(({ expression }) => expression.toLowerCase()).sort(),
        ]),
      );
    const read = (await readStu3SearchParameters()).map((parameter) => [
      `${String(parameter.base[0])}.${parameter.code}`,
      parameter.url,
      parameter.type,
      parameter.expression,
      parameter.component.map(({ expression }) => expression.toLowerCase()).sort(), // as(String) or as(string)
    ]);
    const byPair = (a: unknown[], b: unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);
    expect(read.sort(byPair)).toEqual(expected.sort(byPair));
  },
);
