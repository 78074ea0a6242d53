import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { templatesOf, templateTexts } from './support/templates.js';

describe('the synthesized stacks', () => {
  test('have fewer than 450 resources and less than 1 MB each', () => {
    const large = [...templateTexts('dev')].filter(([, text]) => {
      const { Resources } = JSON.parse(text) as { Resources: object };
      return text.length >= 1_000_000 || Object.keys(Resources).length >= 450;
    });
    expect(large.map(([stack]) => stack)).toEqual([]);
  });

  test('are one for each concern, so that data outlives what is made anew', () => {
    const names = [...templateTexts('dev').keys()].filter((name) => name.startsWith('Fhir-dev-'));
    expect(names.sort()).toEqual(
      [
        'Console',
        'ConsoleFiles',
        'Data',
        'GraphQl-R4',
        'GraphQl-Stu3',
        'Indexing-R4',
        'Indexing-Stu3',
        'Jobs-R4',
        'Jobs-Stu3',
        'Operations',
        'Rest',
        'SignIn',
      ].map((name) => `Fhir-dev-${name}`),
    );
  });

  test.each(['dev', 'production'] as const)('have no finding of cdk-nag that is not explained: %s', (stage) => {
    const report = JSON.parse(readFileSync(join(templatesOf(stage), 'validation-report.json'), 'utf8')) as {
      pluginReports: { violations?: unknown[] }[];
    };
    expect(report.pluginReports.flatMap(({ violations = [] }) => violations)).toEqual([]);
  });
});
