import { type ConstDirectiveNode, type GraphQLObjectType, type GraphQLSchema, isObjectType, Kind } from 'graphql';
import type { AppSyncCaller, AuthMode, AuthModes } from './modes.js';

/** Which modes may read a field: for user pools the groups, one of which the caller must be in; none named means any. */
export type FieldRule = ReadonlyMap<AuthMode, readonly string[] | undefined>;

const modeOf: Readonly<Record<string, AuthMode>> = {
  aws_api_key: 'API_KEY',
  aws_iam: 'AWS_IAM',
  aws_oidc: 'OPENID_CONNECT',
  aws_lambda: 'AWS_LAMBDA',
  aws_cognito_user_pools: 'AMAZON_COGNITO_USER_POOLS',
  aws_auth: 'AMAZON_COGNITO_USER_POOLS',
};

function groupsOf(directive: ConstDirectiveNode): readonly string[] | undefined {
  const value = directive.arguments?.find(({ name }) => name.value === 'cognito_groups')?.value;
  if (value === undefined) return undefined;
  const values = value.kind === Kind.LIST ? value.values : [value];
  return values.flatMap((one) => (one.kind === Kind.STRING ? [one.value] : []));
}

/** The rule that directives say; undefined when none of them is about authorization. */
function ruleOf(directives: readonly ConstDirectiveNode[], modes: AuthModes, place: string): FieldRule | undefined {
  const rule = new Map<AuthMode, readonly string[] | undefined>();
  for (const directive of directives) {
    const name = directive.name.value;
    const mode = Object.hasOwn(modeOf, name) ? modeOf[name] : undefined;
    if (mode === undefined) continue;
    if (name === 'aws_auth' && (modes.standard !== 'AMAZON_COGNITO_USER_POOLS' || modes.additional.length > 0)) {
      throw new Error(`${place}: @aws_auth works only where user pools are the one authorization mode`);
    }
    rule.set(mode, groupsOf(directive));
  }
  return rule.size === 0 ? undefined : rule;
}

/**
 * Reads the directives of a schema. A field's own count before those of its type; without any the API's default mode may.
 * @returns the rule of a field by the names of its type and of itself.
 * @throws Error for a directive that the API's modes do not allow.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#using-additional-authorization-modes
 */
export function fieldRules(schema: GraphQLSchema, modes: AuthModes): (type: string, field: string) => FieldRule {
  const standard: FieldRule = new Map([[modes.standard, undefined]]);
  const rules = new Map<string, FieldRule>();
  for (const type of Object.values(schema.getTypeMap()).filter(isOwnObject)) {
    const directives = [type.astNode, ...type.extensionASTNodes].flatMap((node) => node?.directives ?? []);
    const ofType = ruleOf(directives, modes, type.name);
    for (const field of Object.values(type.getFields())) {
      const place = `${type.name}.${field.name}`;
      rules.set(place, ruleOf(field.astNode?.directives ?? [], modes, place) ?? ofType ?? standard);
    }
  }
  return (type, field) => rules.get(`${type}.${field}`) ?? standard;
}

/** The object types that are the API's, not GraphQL's own. */
export const isOwnObject = (type: unknown): type is GraphQLObjectType =>
  isObjectType(type) && !type.name.startsWith('__');

function groupsOfCaller(identity: unknown): readonly unknown[] {
  const { groups, claims } = (identity ?? {}) as { groups?: unknown; claims?: Readonly<Record<string, unknown>> };
  const found = groups ?? claims?.['cognito:groups'];
  return Array.isArray(found) ? (found as unknown[]) : [];
}

/**
 * Whether a caller may read a field.
 * @param rule of the field.
 */
export function mayRead(
  rule: FieldRule,
  caller: AppSyncCaller,
  modes: AuthModes,
  type: string,
  field: string,
): boolean {
  const denied = caller.deniedFields?.some(
    (one) => one === `${type}.${field}` || one.endsWith(`/types/${type}/fields/${field}`),
  );
  const mode = caller.mode ?? modes.standard;
  if (denied === true || !rule.has(mode)) return false;
  if (mode !== 'AMAZON_COGNITO_USER_POOLS') return true;
  const groups = rule.get(mode);
  if (groups === undefined) return modes.userPoolAction !== 'DENY';
  const own = groupsOfCaller(caller.identity);
  return groups.some((group) => own.includes(group));
}
