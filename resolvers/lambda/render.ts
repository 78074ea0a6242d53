import { deeplyFrozen } from '../../fhir/frozen.js';
import { Decimal, parseJson } from '../../fhir/json.js';
import { isJsonObject, type JsonObject } from './json-object.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import type { Container } from '../interaction-request.js';

/**
 * A stored version as the GraphQL types have it: decimals are text with their digits, a resource inside names its
 * type in `__typename` and is marked `__inside`: it is not the one stored under its id. References into the resource
 * (`#p1`) carry the `__container` they point into.
 * @param members those that may be shown; all of them without it. `id`, by which other fields find it, is always there.
 * @returns an object that nobody may change: where the store gives the version again (a frozen one), so may this, frozen as well.
 * O(size of the body), there the first time only.
 */
export function render(version: StoredVersion, members?: ReadonlySet<string>): JsonObject {
  if (!Object.isFrozen(version)) return rendered(version, members);
  let whole = ofFrozen.get(version);
  if (whole === undefined) ofFrozen.set(version, (whole = deeplyFrozen(rendered(version))));
  if (members === undefined) return whole;
  const last = lastShown.get(version);
  if (last?.members === members) return last.shown;
  const shown = Object.freeze(Object.assign(selected(whole, version, members), { __typename: version.type }));
  lastShown.set(version, { members, shown });
  return shown;
}

/** Whole versions that cannot change, as long as somebody holds them. */
const ofFrozen = new WeakMap<StoredVersion, JsonObject>();
/** What was shown of them last: a page that is asked for again and again selects the same. */
const lastShown = new WeakMap<
  StoredVersion,
  { readonly members: ReadonlySet<string>; readonly shown: Readonly<JsonObject> }
>();

function rendered(version: StoredVersion, members?: ReadonlySet<string>): JsonObject {
  const { type, id } = version;
  const resource = parseJson(version.body);
  if (!isJsonObject(resource)) throw new Error(`${type}/${id} is stored without a body`);
  const shown = members === undefined ? resource : selected(resource, version, members);
  renderMembers(shown, { type, id, path: [] }, []);
  shown['__typename'] = type;
  return shown;
}

function selected(resource: JsonObject, { type, id }: StoredVersion, members: ReadonlySet<string>): JsonObject {
  const shown: JsonObject = { resourceType: type, id };
  for (const name of members) if (Object.hasOwn(resource, name)) shown[name] = resource[name];
  return shown;
}

function renderMembers(object: JsonObject | unknown[], container: Container, path: readonly (string | number)[]): void {
  for (const [name, value] of Object.entries(object)) {
    const key = Array.isArray(object) ? Number(name) : name;
    const place = [...path, key];
    if (value instanceof Decimal) Reflect.set(object, key, value.text);
    else if (typeof value === 'number' && !Number.isSafeInteger(value)) Reflect.set(object, key, String(value));
    else if (Array.isArray(value)) renderMembers(value, container, place);
    else if (isJsonObject(value)) renderObject(value, container, place);
  }
}

function renderObject(object: JsonObject, container: Container, path: readonly (string | number)[]): void {
  let inside = container;
  if (typeof object['resourceType'] === 'string') {
    object['__typename'] = object['resourceType'];
    object['__inside'] = true;
    // A contained resource's references point into the resource that contains it; another one's into itself.
    if (path.at(-2) !== 'contained') inside = { ...container, path };
  }
  renderMembers(object, inside, path);
  const { reference } = object;
  if (typeof reference === 'string' && reference.startsWith('#')) object['__container'] = inside;
}
