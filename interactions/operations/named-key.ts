import { parseReference } from '../../fhir/reference.js';
import { idPattern, type ResourceKey } from '../../fhir/resource.js';
import type { Caller } from '../server.js';
import { storedTarget } from '../stored-target.js';

/** The resource of a type that a text names: by its id, or as a reference to this server; undefined for anything else. */
export function namedKey(caller: Caller, type: string, text: string): ResourceKey | undefined {
  if (idPattern.test(text)) return { type, id: text };
  const named = storedTarget(caller, parseReference(text));
  return named?.kind === 'current' && named.key.type === type ? named.key : undefined;
}
