import type { AskedInteraction } from './authorizer.js';

/** Whose data a scope is about: the patient in context, what the user may see, what the application may. */
export type ScopeContext = 'patient' | 'user' | 'system';

/** A scope for resources. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
export interface SmartScope {
  readonly context: ScopeContext;
  /** A resource type, or `*`. */
  readonly type: string;
  /** Letters of `cruds`: create, read, update, delete, search. */
  readonly permissions: string;
  /** The search that resources must match as well, such as `category=laboratory`. */
  readonly query?: string;
}

/** What the permissions of SMART 1.0 mean. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources */
const permissionsOf1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

const shape = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]*)\.(?:(read|write|\*)|(c?r?u?d?s?)(?:\?(.+))?)$/;

/**
 * Reads a scope of SMART 1.0 (`patient/Observation.read`) or 2 (`patient/Observation.rs?category=laboratory`).
 * @param text the scope; Cognito writes the scope `Observation.read` of the resource server `patient` just so.
 * @returns undefined for what is no scope for resources, letters in another order than `cruds` among it.
 */
export function parseSmartScope(text: string): SmartScope | undefined {
  const [, context, type = '', of1, of2 = '', query] = shape.exec(text) ?? [];
  const permissions = of1 === undefined ? of2 : permissionsOf1[of1];
  if (context === undefined || permissions === undefined || permissions === '') return undefined;
  return { context: context as ScopeContext, type, permissions, ...(query === undefined ? {} : { query }) };
}

/** The letter an interaction with a type needs. */
const letters: Partial<Record<AskedInteraction, string>> = {
  read: 'r',
  vread: 'r',
  history: 'r',
  search: 's',
  'history-type': 's',
  create: 'c',
  update: 'u',
  patch: 'u',
  'update-create': 'u',
  delete: 'd',
};

/** Whether a scope is one for an interaction with a type, all further limits aside. */
export function covers({ type, permissions }: SmartScope, interaction: AskedInteraction, asked: string): boolean {
  const letter = letters[interaction];
  return letter !== undefined && permissions.includes(letter) && (type === '*' || type === asked);
}
