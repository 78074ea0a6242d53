import type { JsonAnswer } from '../json-client.js';

// What servers answer in a round, and what of it is looked at.

/** A resource that was answered, as far as rounds look at it. */
export interface Patient {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: { readonly versionId: string; readonly lastUpdated: string };
  readonly identifier: readonly { readonly value: string }[];
  readonly subject?: { readonly reference: string };
}
interface Response {
  readonly status: string;
  readonly etag?: string;
  readonly location?: string;
  readonly lastModified?: string;
}
interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Patient;
  /** Histories have none in STU3. */
  readonly response?: Response;
}
/** A bundle that was answered. */
export interface Bundle {
  readonly entry?: readonly Entry[];
  readonly meta?: { readonly lastUpdated?: string };
}

/** The versions of a history, as `id version`, with their instants; STU3 does not tell the versions of deletions. */
export const versionsIn = ({ entry = [] }: Bundle): [version: string, instant: string][] =>
  entry.flatMap(({ fullUrl = '', resource, response }): [string, string][] => {
    const versionId = resource?.meta.versionId ?? numberOf(response?.etag);
    const instant = resource?.meta.lastUpdated ?? response?.lastModified ?? '';
    return versionId === undefined ? [] : [[`${fullUrl.split('/').at(-1) ?? ''} ${String(versionId)}`, instant]];
  });

/** The version in an ETag, `W/"1"`. */
export const numberOf = (tag: unknown): number | undefined => {
  const found = /W\/"(\d+)"/.exec(String(tag))?.[1];
  return found === undefined ? undefined : Number(found);
};

export const labelOf = (resource: Patient | undefined): string | undefined => resource?.identifier[0]?.value;

/** The version that an ETag tells, where it tells one. */
export function answeredVersion(tag: unknown): { readonly versionId?: number } {
  const versionId = numberOf(tag);
  return versionId === undefined ? {} : { versionId };
}

/** @returns the status. @throws for any other than those. */
export function requireOneOf({ status, text }: JsonAnswer, statuses: readonly number[]): number {
  if (!statuses.includes(status)) throw new Error(`Answered ${String(status)}: ${text.slice(0, 500)}`);
  return status;
}
