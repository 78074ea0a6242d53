/** The metadata every resource carries. https://hl7.org/fhir/R4/resource.html#Meta */
export interface Meta {
  versionId?: string;
  lastUpdated?: string;
  [element: string]: unknown;
}

/** A resource as its JSON has it. Numbers may be `Decimal` where JavaScript would lose digits (see json.ts). */
export interface Resource {
  resourceType: string;
  id?: string;
  meta?: Meta;
  [element: string]: unknown;
}

/** What names a resource on this server: its type and its logical id. */
export interface ResourceKey {
  readonly type: string;
  readonly id: string;
}

/** A logical id: 1 to 64 letters, digits, `-` and `.`. https://hl7.org/fhir/R4/datatypes.html#id */
export const idPattern = /^[A-Za-z0-9\-.]{1,64}$/;

/** The relative reference of a key, such as `Patient/1`. */
export const keyText = (key: ResourceKey): string => `${key.type}/${key.id}`;
