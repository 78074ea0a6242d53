import {
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** A subscription that is open. */
export interface OpenSubscription {
  /** The field of `Subscription` it is for. */
  readonly fieldName: string;
  /** Whether it wants an event. */
  wants(event: unknown): boolean;
  /** Sends it an event, the field's value. */
  deliver(event: unknown): void;
  /** Whether the payload of `extensions.invalidateSubscriptions` ends it. */
  isInvalidatedBy(payload: unknown): boolean;
  /** Tells that it was ended so. */
  invalidated(): void;
}

/** The open subscriptions of one API. */
export interface Subscriptions {
  /** Opens a subscription. @returns a function that ends it. */
  open(subscription: OpenSubscription): () => void;
  /** How many are open. */
  count(): number;
  /**
   * Sends what a mutation gave to whoever subscribed to it, in the order in which mutations end.
   * @param data what was answered: the fields that its caller selected, and no others, are the event.
   */
  publish(document: DocumentNode, operation: OperationDefinitionNode, data: unknown): void;
  /**
   * Ends the subscriptions of a field whose invalidation filter the payload passes.
   * https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-invalidation.html
   */
  invalidate(fieldName: string, payload: unknown): void;
}

/**
 * Makes the list of an API's open subscriptions. `@aws_subscribe` says which mutations a subscription is told of.
 * https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-data.html
 */
export function createSubscriptions(schema: () => GraphQLSchema): Subscriptions {
  const subscriptions = new Set<OpenSubscription>();
  let byMutation: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  return {
    open(subscription) {
      subscriptions.add(subscription);
      return () => void subscriptions.delete(subscription);
    },
    count: () => subscriptions.size,
    invalidate(fieldName, payload) {
      for (const subscription of [...subscriptions]) {
        if (subscription.fieldName !== fieldName || !subscription.isInvalidatedBy(payload)) continue;
        subscriptions.delete(subscription);
        subscription.invalidated();
      }
    },
    publish(document, operation, data) {
      if (subscriptions.size === 0 || typeof data !== 'object' || data === null) return;
      byMutation ??= fieldsByMutation(schema());
      for (const [key, mutation] of rootFields(document, operation)) {
        const event: unknown = Reflect.get(data, key);
        if (event === undefined || event === null) continue;
        const fields = byMutation.get(mutation);
        for (const subscription of subscriptions) {
          if (fields?.has(subscription.fieldName) === true && subscription.wants(event)) subscription.deliver(event);
        }
      }
    },
  };
}

/** The names in the argument `mutations` of `@aws_subscribe`. */
const mutationsOf = (directives: readonly ConstDirectiveNode[]): string[] =>
  directives
    .filter(({ name }) => name.value === 'aws_subscribe')
    .flatMap((directive) => directive.arguments ?? [])
    .flatMap(({ value }) => (value.kind === Kind.LIST ? value.values : []))
    .flatMap((value) => (value.kind === Kind.STRING ? [value.value] : []));

/** The subscription fields of each mutation. */
function fieldsByMutation(schema: GraphQLSchema): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { name, astNode } of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    for (const mutation of mutationsOf(astNode?.directives ?? [])) {
      found.set(mutation, (found.get(mutation) ?? new Set()).add(name));
    }
  }
  return found;
}

/** The root fields of an operation: the key each is answered under, and its name. */
function rootFields(document: DocumentNode, { selectionSet }: OperationDefinitionNode): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const fragmentOf = (name: string): SelectionSetNode | undefined => {
    const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
    return fragments.find((one) => one.name.value === name)?.selectionSet;
  };
  const collect = (selections: SelectionSetNode['selections']): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) found.set((selection.alias ?? selection.name).value, selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet.selections);
      else collect(fragmentOf(selection.name.value)?.selections ?? []);
    }
  };
  collect(selectionSet.selections);
  return found;
}
