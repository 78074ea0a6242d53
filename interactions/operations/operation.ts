import type { Interaction } from '../../auth/rules.js';
import type { AccessFilter } from '../../search/access.js';
import type { Resource, ResourceKey } from '../../fhir/resource.js';
import type { FhirVersion } from '../../fhir/version.js';
import type { VersionTags } from '../preconditions.js';
import type { SearchPage } from '../search-page.js';
import type { Caller, FhirServer } from '../server.js';
import type { OperationInput } from './input.js';

/** Where an operation is invoked: on the base, on a type, on a resource. https://hl7.org/fhir/R4/operations.html */
export type OperationLevel = 'system' | 'type' | 'instance';

/** What an operation is invoked on. */
export type OperationTarget =
  | { readonly level: 'system' }
  | { readonly level: 'type'; readonly type: string }
  | { readonly level: 'instance'; readonly type: string; readonly id: string };

/** An input parameter of an operation. */
export interface OperationParameter {
  readonly name: string;
  /**
   * A data type, a resource type, or `Resource` for one of any type, whose rules the operation itself checks; `part` for
   * one that is made of parts, which the operation reads.
   */
  readonly type: string;
  /** Whether it may be repeated. */
  readonly repeats?: boolean;
  /** The versions that have it; all of them without. */
  readonly versions?: readonly FhirVersion[];
}

/** An operation: what its definition says, and what it does. */
export interface Operation {
  /** Without the `$`. */
  readonly name: string;
  /** The canonical URL of its OperationDefinition. */
  readonly definition: string;
  /** The versions that have it; all of them without. */
  readonly versions?: readonly FhirVersion[];
  readonly levels: readonly OperationLevel[];
  /** The resource types it is invoked on at type and instance level; `*` for every type. */
  readonly types: readonly string[];
  /** Whether it changes what is stored: it is then done by POST only. */
  readonly affectsState: boolean;
  /**
   * Whether it goes on as a job after its answer: always, when it must be asked for with `Prefer: respond-async`; or when
   * the client asks so. https://hl7.org/fhir/R4/async.html
   */
  readonly asynchronous?: 'always' | 'possible';
  /** The interaction that whoever invokes it must be allowed, on the type, or at system level on any. */
  readonly needs: Interaction;
  readonly parameters: readonly OperationParameter[];
  /** Whether every other parameter is one of a search of its type, as text. */
  readonly takesSearch?: boolean;
  /** Whether a server has what it needs; it is not stated otherwise. Always, without it. */
  readonly isServed?: (server: FhirServer) => boolean;
  /** The parameter that the whole body of a POST may be, when it is no Parameters resource. */
  readonly bodyParameter?: string;
  /** Makes Parameters of another body that it takes; other bodies are given back as they are. */
  readonly parametersOfBody?: (body: unknown) => unknown;
  /**
   * Does it.
   * @throws OperationOutcomeError as its definition says.
   */
  run(server: FhirServer, caller: Caller, invocation: Invocation): Promise<OperationAnswer>;
}

/** How a client asks for an operation that goes on after its answer. */
export interface KickOff {
  /** The URL of the request. */
  readonly request: string;
  /** What becomes of parameters that cannot be done. */
  readonly handling: 'strict' | 'lenient';
}

/** A call of an operation, understood but not yet authorized. */
export interface OperationCall {
  readonly operation: Operation;
  readonly target: OperationTarget;
  readonly input: OperationInput;
  /** The versions that what it changes must be at. */
  readonly ifMatch?: VersionTags;
  /** Absent when the answer is to be what came of it. */
  readonly kickOff?: KickOff;
}

/** What an operation is invoked on, and what `needs` lets the caller see of its type. */
export type AuthorizedTarget =
  /** Each type the operation looks at is still to be asked for. */
  | { readonly level: 'system' }
  | { readonly level: 'type'; readonly type: string; readonly access: AccessFilter }
  | InstanceTarget;

/** A resource an operation is invoked on. */
export interface InstanceTarget extends ResourceKey {
  readonly level: 'instance';
  readonly access: AccessFilter;
}

/** The target of an operation that has no other level. */
export function requireInstance(target: AuthorizedTarget): InstanceTarget {
  if (target.level !== 'instance') throw new Error(`An operation of instances was invoked at ${target.level} level`);
  return target;
}

/** A call that is allowed. */
export interface Invocation {
  readonly target: AuthorizedTarget;
  readonly input: OperationInput;
  /** As the call has it. */
  readonly ifMatch?: VersionTags;
  readonly kickOff?: KickOff;
}

/** What came of an operation, before a face renders it; or the job that it goes on as. */
export type OperationAnswer = OperationResult | { readonly kind: 'job'; readonly id: string };

/** What came of an operation. */
export type OperationResult =
  | { readonly kind: 'resource'; readonly resource: Resource }
  /** A searchset; `path` stands in its links, such as `Patient/1/$everything`. */
  | { readonly kind: 'searchset'; readonly path: string; readonly page: SearchPage; readonly cursor?: string };
