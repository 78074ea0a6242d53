import {
  type DocumentNode,
  getArgumentValues,
  type GraphQLSchema,
  Kind,
  type FieldNode,
  type OperationDefinitionNode,
} from 'graphql';
import { FilterError, passes, passesArguments, readFilter } from './filter.js';
import type { OpenSubscription } from './subscriptions.js';

/** An operation whose resolver has run. */
interface RunOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variableValues: Readonly<Record<string, unknown>>;
}

/** The one field of a valid subscription. */
function rootField({ document, operation }: RunOperation): FieldNode | undefined {
  let { selections } = operation.selectionSet;
  for (;;) {
    const [first] = selections;
    if (first === undefined || first.kind === Kind.FIELD) return first;
    if (first.kind === Kind.INLINE_FRAGMENT) ({ selections } = first.selectionSet);
    else {
      const { value } = first.name;
      const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
      selections = fragments.find(({ name }) => name.value === value)?.selectionSet.selections ?? [];
    }
  }
}

/**
 * Which events a subscription wants, once its resolver has run: those that pass the filter it set last, or else those
 * that have the values of the arguments.
 * @param set what the resolver gave to `extensions.setSubscriptionFilter` last, and to
 * `setSubscriptionInvalidationFilter`; null when it gave none.
 * @returns the subscription, or the error that says what is wrong with a filter.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-enhanced-filtering.html
 */
export function startedSubscription(
  schema: GraphQLSchema,
  run: RunOperation,
  set: { readonly filter: unknown; readonly invalidation: unknown },
): Pick<OpenSubscription, 'fieldName' | 'wants' | 'isInvalidatedBy'> | { readonly errors: readonly object[] } {
  const node = rootField(run);
  const fieldName = node?.name.value ?? '';
  const field = schema.getSubscriptionType()?.getFields()[fieldName];
  try {
    const invalidation = set.invalidation === null ? undefined : readFilter(set.invalidation);
    const isInvalidatedBy = (payload: unknown): boolean => invalidation !== undefined && passes(invalidation, payload);
    if (set.filter !== null) {
      const filter = readFilter(set.filter);
      return { fieldName, isInvalidatedBy, wants: (event) => passes(filter, event) };
    }
    const given = field === undefined || node === undefined ? {} : getArgumentValues(field, node, run.variableValues);
    return { fieldName, isInvalidatedBy, wants: (event) => passesArguments(given, event) };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { errors: [{ errorType: 'SubscriptionFilterError', message: error.message }] };
  }
}
