import { generateClient } from 'aws-amplify/api';
import { Hub } from 'aws-amplify/utils';
import { graphql } from './generated';
import type { ChangesSubscription, ChangesSubscriptionVariables, TypedDocumentString } from './generated/graphql';

const client = generateClient();

/** An error as AppSync answers it; `errorInfo.resource` is FHIR's OperationOutcome. */
interface AppSyncError {
  readonly message: string;
  readonly errorType?: string;
}

/** What went wrong, as a sentence for people. */
const sentenceOf = (errors: readonly AppSyncError[]): string => errors.map(({ message }) => message).join('; ');

/**
 * Asks the server.
 * @param document a query or mutation, typed by GraphQL Code Generator.
 * @returns its data, typed likewise.
 * @throws Error with the server's words.
 */
export async function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  ...[variables]: Variables extends Record<string, never> ? [] : [Variables]
): Promise<Data> {
  try {
    const answer = await client.graphql({ query: document.toString(), variables: variables as object });
    return (answer as { data: Data }).data;
  } catch (failure) {
    const { errors } = failure as { errors?: readonly AppSyncError[] }; // Amplify throws the whole answer
    throw errors === undefined ? failure : new Error(sentenceOf(errors));
  }
}

const Changes = graphql(`
  subscription Changes($type: ResourceType, $id: ID, $compartment: String) {
    onResourceChanged(type: $type, id: $id, compartment: $compartment) {
      type
      id
      versionId
      action
      lastUpdated
    }
  }
`);

/** Which changes, or those of everything the caller may see. */
export type ChangesAsked = ChangesSubscriptionVariables;

/** What a subscriber is told of a change. */
export type Change = NonNullable<ChangesSubscription['onResourceChanged']>;

/** Who listens to changes. */
export interface ChangesListener {
  /** Something changed. It has no content: read what you show. The same change may be told twice. */
  onChange(change: Change): void;
  /** Changes are told from now on: at first, and again after each break. Read what you missed. */
  onConnected(): void;
  /** No more changes come. */
  onError(): void;
}

/**
 * Listens to changes. Amplify connects again by itself, with a new token where the last has ended.
 * @returns ends it.
 */
export function listen(variables: ChangesAsked, listener: ChangesListener): () => void {
  const stop = Hub.listen('api', ({ payload }) => {
    if (payload.event === 'Subscription ack') listener.onConnected();
  });
  const changes = client.graphql({ query: Changes.toString(), variables }) as unknown as {
    subscribe(observer: object): { unsubscribe(): void };
  };
  const subscription = changes.subscribe({
    next: ({ data }: { data: ChangesSubscription }) => {
      if (data.onResourceChanged) listener.onChange(data.onResourceChanged);
    },
    error: () => listener.onError(),
  });
  return () => {
    stop();
    subscription.unsubscribe();
  };
}
