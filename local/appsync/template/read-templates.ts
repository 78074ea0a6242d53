import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DefinitionError } from '../definition.js';
import { isMembers, type Members, type Resource, Stack, type Template } from './stack.js';

/** Templates that were read, and the files beside them. */
export interface ReadTemplates {
  /** Every stack, those nested in others as well. */
  readonly stacks: readonly Stack[];
  /** The file or folder that a resource's asset is in, by its path in the template's metadata or its key in S3. */
  asset(named: string): string | undefined;
}

function readJson(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new DefinitionError(
      `${file} is no JSON: templates are taken as CDK synthesizes them (cdk synth writes cdk.out)`,
    );
  }
}

function readTemplate(file: string): Template {
  const template = readJson(file);
  if (!isMembers(template)) throw new DefinitionError(`${file} is no template`);
  return template;
}

/** What `*.assets.json` files say: the file in the folder of an object's key. */
function assetFiles(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.assets.json'))) {
    const manifest = readJson(join(folder, name)) as {
      files?: Readonly<Record<string, { source?: Members; destinations?: Readonly<Record<string, Members>> }>>;
    };
    for (const { source, destinations } of Object.values(manifest.files ?? {})) {
      for (const { objectKey } of Object.values(destinations ?? {})) {
        if (typeof objectKey === 'string' && typeof source?.['path'] === 'string') found.set(objectKey, source['path']);
      }
    }
  }
  return found;
}

const suffix = '.template.json';
const isNested = (name: string): boolean => name.endsWith(`.nested${suffix}`);

/**
 * Reads CloudFormation templates: a file, or a folder as `cdk synth` writes it, with the templates of all its stacks.
 * @param path of the file or folder.
 * @throws DefinitionError when there is none, or it is none.
 */
export function readTemplates(path: string): ReadTemplates {
  if (!existsSync(path)) throw new DefinitionError(`There is no ${path}`);
  const isFolder = statSync(path).isDirectory();
  const folder = isFolder ? path : dirname(path);
  const names = isFolder
    ? readdirSync(folder).filter((name) => name.endsWith(suffix) && !isNested(name))
    : [basename(path)];
  if (names.length === 0) throw new DefinitionError(`${path} holds no *${suffix}`);
  const assets = assetFiles(folder);
  const stacks: Stack[] = [];
  const exported = (name: string): unknown => {
    for (const stack of stacks) {
      const found = stack.exports.find(([exportName]) => exportName === name);
      if (found !== undefined) return stack.output(found[1]);
    }
    throw new DefinitionError(`No stack exports ${name}`);
  };
  const open = (name: string, file: string, parameters: () => Members): Stack => {
    const nestedStacks = new Map<string, Stack>();
    const template = readTemplate(file);
    const nested = (logicalId: string, resource: Resource): Stack => {
      const known = nestedStacks.get(logicalId);
      if (known !== undefined) return known;
      const named = resource.Metadata?.['aws:asset:path'];
      if (typeof named !== 'string')
        throw new DefinitionError(`The nested stack ${logicalId} of ${name} has no aws:asset:path`);
      const given = (): Members => {
        const all = stack.properties(resource)['Parameters'];
        return isMembers(all) ? all : {};
      };
      const made = open(`${name}-${logicalId}`, join(folder, named), given);
      nestedStacks.set(logicalId, made);
      return made;
    };
    const stack = new Stack(name, template, { parameter: (one) => parameters()[one], exported, nested });
    stacks.push(stack);
    for (const [logicalId, resource] of stack.resources) {
      if (resource.Type === 'AWS::CloudFormation::Stack') nested(logicalId, resource);
    }
    return stack;
  };
  for (const name of names) {
    open(
      name.endsWith(suffix) ? name.slice(0, -suffix.length) : name.replace(/\.json$/, ''),
      join(folder, name),
      () => ({}),
    );
  }
  return {
    stacks,
    asset(named) {
      const file = assets.get(named) ?? named;
      return [file, `asset.${file}`, `asset.${file.replace(/\.zip$/, '')}`]
        .map((each) => join(folder, each))
        .find((each) => existsSync(each));
    },
  };
}
