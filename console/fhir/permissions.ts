import { objectsOf, textAt } from './json.js';

/** What somebody may do, as `$permissions` says it. */
export interface Permissions {
  readonly username: string;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly client: string | undefined;
  readonly fhirUser: string | undefined;
  readonly patient: string | undefined;
  readonly rules: readonly Permission[];
  /** How an interaction is open on a type. */
  may(interaction: string, type: string): 'yes' | 'partly' | 'no';
  /** Whether an interaction with the whole server is open. */
  mayOnServer(interaction: string): boolean;
}

/** One interaction, and the types that are open to it alike. */
export interface Permission {
  readonly interaction: string;
  readonly types: readonly string[];
  /** What the open part is in; empty when all is open. */
  readonly limits: readonly string[];
}

/** Reads the answer of `$permissions`. */
export function permissionsOf(parameters: unknown): Permissions {
  const all = objectsOf((parameters as { parameter?: unknown } | undefined)?.parameter);
  const values = (name: string): string[] =>
    all.filter((each) => each['name'] === name).map((each) => textAt(each, 'valueString') ?? '');
  const rules = all
    .filter((each) => each['name'] === 'permission')
    .map((each): Permission => {
      const parts = objectsOf(each['part']);
      const of = (name: string): string[] =>
        parts
          .filter((part) => part['name'] === name)
          .map((part) => textAt(part, 'valueCode') ?? textAt(part, 'valueString') ?? '');
      return { interaction: of('interaction')[0] ?? '', types: of('type'), limits: of('limit') };
    });
  return {
    username: values('username')[0] ?? '',
    groups: values('group'),
    scopes: values('scope'),
    client: values('client')[0],
    fhirUser: values('fhirUser')[0],
    patient: values('patient')[0],
    rules,
    may(interaction, type) {
      const rule = rules.find((each) => each.interaction === interaction && each.types.includes(type));
      return rule === undefined ? 'no' : rule.limits.length > 0 ? 'partly' : 'yes';
    },
    mayOnServer: (interaction) => rules.some((each) => each.interaction === interaction && each.types.length === 0),
  };
}
