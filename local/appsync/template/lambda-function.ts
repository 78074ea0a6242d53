import type { FunctionDefinition } from '../definition.js';
import { isMembers, type Members, type Resource } from './stack.js';
import type { ReadTemplates } from './read-templates.js';

/**
 * An `AWS::Lambda::Function` with its code: the asset beside the template, or the text in it.
 * @param name its physical name.
 * @param properties resolved.
 */
export function functionOf(
  name: string,
  resource: Resource,
  properties: Members,
  templates: ReadTemplates,
): FunctionDefinition {
  const { Code, Runtime, Handler, Environment, Timeout } = properties;
  const { ZipFile, S3Key } = isMembers(Code) ? Code : {};
  const named = resource.Metadata?.['aws:asset:path'] ?? S3Key;
  const folder = typeof named === 'string' ? templates.asset(named) : undefined;
  const variables = isMembers(Environment) ? Environment['Variables'] : undefined;
  return {
    name,
    runtime: typeof Runtime === 'string' ? Runtime : 'container image',
    handler: typeof Handler === 'string' ? Handler : 'index.handler',
    code: typeof ZipFile === 'string' ? { text: ZipFile } : { folder: folder ?? '' },
    environment: isMembers(variables)
      ? Object.fromEntries(Object.entries(variables).map(([variable, value]) => [variable, String(value)]))
      : {},
    timeoutSeconds: typeof Timeout === 'number' ? Timeout : 3,
  };
}
