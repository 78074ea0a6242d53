import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Members of a template. */
export type Members = Readonly<Record<string, unknown>>;

/** A resource of a template, with where it stands. */
export interface Deployed {
  readonly stack: string;
  readonly id: string;
  readonly Type: string;
  readonly Properties: Members;
  readonly DeletionPolicy?: string;
}

interface Template {
  readonly Resources?: Readonly<
    Record<string, Omit<Deployed, 'stack' | 'id' | 'Properties'> & { readonly Properties?: Members }>
  >;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** The folder of a stage's templates, as `cdk synth` writes it. */
export const templatesOf = (stage: 'dev' | 'production'): string => join(process.env['INFRA_TEMPLATES'] ?? '', stage);

/** The texts of a stage's templates by the names of their stacks, nested ones as well. */
export function templateTexts(stage: 'dev' | 'production'): ReadonlyMap<string, string> {
  const folder = templatesOf(stage);
  const names = readdirSync(folder).filter((name) => name.endsWith('.template.json'));
  return new Map(
    names.map((name) => [name.replace(/(\.nested)?\.template\.json$/, ''), readFileSync(join(folder, name), 'utf8')]),
  );
}

/** The resources of a stage, of one type or all. */
export function resourcesOf(stage: 'dev' | 'production', type?: string): readonly Deployed[] {
  return [...templateTexts(stage)].flatMap(([stack, text]) =>
    Object.entries((JSON.parse(text) as Template).Resources ?? {})
      .filter(([, { Type }]) => type === undefined || Type === type)
      .map(([id, resource]) => ({ ...resource, stack, id, Properties: resource.Properties ?? {} })),
  );
}

/** The outputs of a stage that are for people, by name. */
export const outputsOf = (stage: 'dev' | 'production'): Members =>
  Object.fromEntries(
    [...templateTexts(stage).values()].flatMap((text) =>
      Object.entries((JSON.parse(text) as Template).Outputs ?? {})
        .filter(([name]) => !name.startsWith('ExportsOutput'))
        .map(([name, { Value }]) => [name, Value] as const),
    ),
  );

/** A member somewhere inside, by its path of names and places; undefined where there is none. */
export const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((found, name) => (found as Record<string | number, unknown> | undefined)?.[name], value);

/** A list somewhere inside; empty where there is none. */
export const listAt = (value: unknown, ...path: readonly (string | number)[]): readonly Members[] => {
  const found = at(value, ...path);
  if (Array.isArray(found)) return found as readonly Members[];
  return found === undefined ? [] : [found as Members];
};
