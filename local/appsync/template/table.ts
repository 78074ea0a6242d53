import { DefinitionError } from '../definition.js';
import type { IndexSchema, KeyAttribute, KeySchema, TableSchema } from '../data-sources/dynamodb/table-schema.js';
import { isMembers, type Members } from './stack.js';

const list = (value: unknown): readonly Members[] => (Array.isArray(value) ? value.filter(isMembers) : []);

/**
 * The schema of an `AWS::DynamoDB::Table` or `AWS::DynamoDB::GlobalTable`.
 * @param name its physical name.
 * @param properties resolved.
 * @throws DefinitionError when it has no key.
 */
export function tableOf(name: string, properties: Members): TableSchema {
  const types = new Map(
    list(properties['AttributeDefinitions']).map((one) => [one['AttributeName'], one['AttributeType']]),
  );
  const keyOf = (keys: unknown): KeySchema => {
    const attribute = (kind: string): KeyAttribute | undefined => {
      const found = list(keys).find(({ KeyType }) => KeyType === kind)?.['AttributeName'];
      return typeof found !== 'string' ? undefined : { name: found, type: types.get(found) as KeyAttribute['type'] };
    };
    const [hash, range] = [attribute('HASH'), attribute('RANGE')];
    if (hash === undefined) throw new DefinitionError(`The table ${name} has no partition key`);
    return { hash, ...(range === undefined ? {} : { range }) };
  };
  const indexes = (property: string, isGlobal: boolean): IndexSchema[] =>
    list(properties[property]).map((index) => {
      const { ProjectionType = 'ALL', NonKeyAttributes = [] } = isMembers(index['Projection'])
        ? index['Projection']
        : {};
      return {
        name: String(index['IndexName']),
        ...keyOf(index['KeySchema']),
        isGlobal,
        ...(ProjectionType === 'ALL' ? {} : { projected: (NonKeyAttributes as unknown[]).map(String) }),
      };
    });
  return {
    name,
    ...keyOf(properties['KeySchema']),
    indexes: [...indexes('GlobalSecondaryIndexes', true), ...indexes('LocalSecondaryIndexes', false)],
  };
}
