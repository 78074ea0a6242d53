import type { Tenant } from '../fhir/tenant.js';
import type { Item, Table } from './table.js';

/*
 * Which Subscriptions ask to be told, where many processes look at changes: each reads it anew, strongly consistently, for
 * every change, so that what is changed after a Subscription stands here is told.
 *
 * | Item     | Partition key        | Sort key              | Holds                                     |
 * | -------- | -------------------- | --------------------- | ----------------------------------------- |
 * | enlisted | `tenant#subscribers` | the Subscription's id | `type`, `since`, `end`, its `versionId`   |
 */

/** A Subscription that asks to be told. */
export interface Enlisted {
  readonly id: string;
  readonly versionId: number;
  /** The type of the resources that it is told of. */
  readonly type: string;
  /** Since when, an instant. */
  readonly since: string;
  /** When it ends, in milliseconds since 1970; never without it. */
  readonly end?: number;
}

/** The Subscriptions that ask to be told. */
export interface EnlistedSubscriptions {
  of(tenant: Tenant): Promise<readonly Enlisted[]>;
  enlist(tenant: Tenant, one: Enlisted): Promise<void>;
  strike(tenant: Tenant, id: string): Promise<void>;
}

const most = 1_000_000;
const partition = (tenant: Tenant): string => `${tenant}#subscribers`;

/** Those of a table. */
export function enlistedIn(table: Pick<Table, 'query' | 'write'>): EnlistedSubscriptions {
  return {
    async of(tenant) {
      return (await table.query({ pk: partition(tenant), limit: most })).map(enlistedOf);
    },
    async enlist(tenant, { id, ...columns }) {
      await table.write([{ kind: 'put', item: { pk: partition(tenant), sk: id, ...columns } }]);
    },
    async strike(tenant, id) {
      await table.write([{ kind: 'remove', key: { pk: partition(tenant), sk: id } }]);
    },
  };
}

function enlistedOf({ sk, versionId, type, since, end }: Item): Enlisted {
  if (typeof versionId !== 'number' || typeof type !== 'string' || typeof since !== 'string') {
    throw new Error('The item of a Subscription lacks a column');
  }
  return { id: sk, versionId, type, since, ...(typeof end === 'number' ? { end } : {}) };
}
