/** The claims of the caller's verified access token. */
export type Claims = Readonly<Record<string, unknown>>;

/** What every request of a resolver to the Lambda carries. */
interface Asked {
  /** Who asks; absent when the caller did not sign in with a user pool. */
  readonly claims?: Claims;
  /** The field that asks, for error messages: `Query.PatientList`. */
  readonly field: string;
}

/** What is selected of an answer, as AppSync tells it in two ways, neither of which tells all. */
export interface AskedSelection {
  /** `ctx.info.selectionSetGraphQL`: named fragments stand in it by their names only. */
  readonly text: string;
  /** Of `ctx.info.selectionSetList` the paths that are not too long: an alias stands in it in place of the field's name. */
  readonly paths: readonly string[];
}

/** What every request for resources carries. */
interface Shows extends Asked {
  /** Members of resources that are not selected may be left out of the answer. */
  readonly selection?: AskedSelection;
}

export interface ReadRequest extends Shows {
  readonly interaction: 'read';
  readonly type: string;
  readonly id: string;
}

export interface SearchRequest extends Shows {
  readonly interaction: 'search';
  /** A list is everything that matches; a connection is one page. */
  readonly shape: 'list' | 'connection';
  readonly type: string;
  /** The field's arguments, by their GraphQL names. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** For reverse lists: the resource they stand in, and the GraphQL name of the parameter that refers to it. */
  readonly referring?: { readonly type: string; readonly id: string; readonly parameter: string };
  /** Whether the number of all matches was asked for. */
  readonly counted: boolean;
}

/** What every request to write carries. */
interface Writes extends Asked {
  /** When searches are to see the write, as the header X-Consistency says: `strong` or `eventual`. */
  readonly consistency?: string;
}

export interface CreateRequest extends Writes {
  readonly interaction: 'create';
  readonly type: string;
  readonly resource: unknown;
}

export interface UpdateRequest extends Writes {
  readonly interaction: 'update';
  readonly type: string;
  readonly id: string;
  readonly resource: unknown;
  /** The version the client has seen. */
  readonly versionId?: string;
}

export interface DeleteRequest extends Writes {
  readonly interaction: 'delete';
  readonly type: string;
  readonly id: string;
  /** The version the client has seen. */
  readonly versionId?: string;
}

/** A request that writes one resource. */
export type MutationRequest = CreateRequest | UpdateRequest | DeleteRequest;

export interface SubscribeRequest extends Asked {
  /** To changes of resources, or of jobs. */
  readonly interaction: 'subscribe' | 'subscribe-jobs';
  /** The field's arguments: which changes are asked for. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Where a resource stands that references such as `#p1` point into: a stored resource, or one inside it. */
export interface Container {
  readonly type: string;
  readonly id: string;
  /** The members that lead from the stored resource to the container, such as `['entry', 3, 'resource']`. */
  readonly path: readonly (string | number)[];
}

export interface ReferenceRequest extends Shows {
  readonly interaction: 'reference';
  /** The text of `Reference.reference`. */
  readonly reference?: string;
  readonly container?: Container;
  /** Only a resource of this type is wanted. */
  readonly type?: string;
  /** A reference that cannot be resolved is null instead of an error. */
  readonly optional: boolean;
}

/** What the resolvers ask of the Lambda behind them. */
export type InteractionRequest =
  ReadRequest | SearchRequest | CreateRequest | UpdateRequest | DeleteRequest | ReferenceRequest | SubscribeRequest;

/** What the Lambda answers: the field's value, or the error the field fails with. */
export type InteractionAnswer =
  | { readonly value: unknown }
  | {
      readonly error: {
        readonly message: string;
        /** The first issue's code, such as `not-found`. */
        readonly type: string;
        /** The HTTP status the FHIR specification gives the failure, and its OperationOutcome. */
        readonly info: { readonly status: number; readonly resource: unknown };
      };
    };
