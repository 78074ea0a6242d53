import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import { TimeSlice } from '../../../graphql/time-slice.js';
import { ResolverError } from '../run-resolver.js';
import { fieldRules, isOwnObject, mayRead } from './field-rules.js';
import type { AppSyncCaller, AuthModes } from './modes.js';

/**
 * Puts the rules of a schema's directives before its resolvers: what the caller may not read fails as `Unauthorized`,
 * and no resolver of it runs.
 * @param schema its fields' resolvers are replaced.
 * @param callerOf who asks, from GraphQL's context value.
 * @throws Error for directives that the API's modes do not allow.
 */
export async function guardFields(
  schema: GraphQLSchema,
  modes: AuthModes,
  callerOf: (context: unknown) => AppSyncCaller,
): Promise<void> {
  const slice = new TimeSlice();
  const ruleOf = fieldRules(schema, modes);
  const mayDeny = [modes.standard, ...modes.additional].includes('AWS_LAMBDA');
  for (const type of Object.values(schema.getTypeMap()).filter(isOwnObject)) {
    await slice.goOn();
    for (const field of Object.values(type.getFields())) {
      const rule = ruleOf(type.name, field.name);
      const isOpen =
        !mayDeny &&
        modes.userPoolAction !== 'DENY' &&
        [modes.standard, ...modes.additional].every((mode) => rule.has(mode) && rule.get(mode) === undefined);
      if (isOpen) continue;
      const resolve = field.resolve ?? defaultFieldResolver;
      // Most fields: it depends on the mode alone, and this runs for every value of an answer.
      const isByMode =
        !mayDeny && modes.userPoolAction !== 'DENY' && [...rule.values()].every((groups) => groups === undefined);
      const isLet = isByMode
        ? ({ mode = modes.standard }: AppSyncCaller): boolean => rule.has(mode)
        : (caller: AppSyncCaller): boolean => mayRead(rule, caller, modes, type.name, field.name);
      field.resolve = (source, args, context: unknown, info) => {
        if (isLet(callerOf(context))) {
          return resolve(source, args, context, info);
        }
        throw new ResolverError({
          message: `Not Authorized to access ${field.name} on type ${type.name}`,
          errorType: 'Unauthorized',
          data: null,
          errorInfo: null,
        });
      };
    }
  }
}
