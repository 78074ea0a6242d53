import { runtime, util, type Context } from '@aws-appsync/utils';
import { accessOf, scopesSuffice } from '../auth/rules.js';
import type { Tenant } from '../fhir/tenant.js';
import { currentKey, defaultTenant, partitionKey } from '../persistence/keys.js';
import { parseBody } from './body.js';
import { claimsOf } from './invoke.js';

/** The columns of an item that decide whether the resolver may answer alone. */
interface CurrentItem {
  readonly versionId?: number;
  readonly deleted?: boolean;
  readonly lock?: string;
  readonly children?: boolean;
  readonly body?: string;
}

/** The longest body that is parsed here, in characters: a resolver's run is limited, and the Lambda has no such limit. */
const maxBody = 100_000;

/** A reference to the resource itself, as the store writes it: only the Lambda says which resource that is. */
const selfReference = '"reference":"#"';

/** Gets the current version's item, strongly consistent. What is no id is no key either: the Lambda says so. */
export function request(ctx: Context<{ id: string }>): Record<string, unknown> {
  if (!util.matches('^[A-Za-z0-9\\-.]{1,64}$', ctx.args.id)) runtime.earlyReturn(null);
  const tenant = tenantOfCaller(ctx);
  if (!tenant) runtime.earlyReturn(null); // the Lambda says why
  const pk = partitionKey(tenant, ctx.info.fieldName, ctx.args.id);
  return {
    operation: 'GetItem',
    key: util.dynamodb.toMapValues({ pk, sk: currentKey }),
    consistentRead: true,
  };
}

/** Whose resources are read: the token says so where tenants share the deployment (interactions/tenancy.ts). */
function tenantOfCaller(ctx: Context): Tenant | null {
  if (ctx.env.TENANCY !== 'pooled') return defaultTenant;
  const { claims } = claimsOf(ctx);
  const name = ctx.env.TENANT_CLAIM ?? 'tenantId';
  const named = claims ? (claims[name] ?? claims[`custom:${name}`]) : null;
  return typeof named === 'string' && util.matches('^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$', named)
    ? (named as Tenant)
    : null;
}

/**
 * Answers when the role rules give the caller all resources of the type and the item alone says what to answer;
 * whatever is missing, deleted, locked, long, stored elsewhere, refers to itself or is limited to compartments is left to
 * the Lambda.
 */
export function response(ctx: Context): unknown {
  const item = ctx.result as CurrentItem | null;
  const decides =
    !ctx.error &&
    item?.body &&
    (item.versionId ?? 0) > 0 &&
    !item.deleted &&
    !item.lock &&
    !item.children &&
    !item.body.includes(selfReference) &&
    item.body.length <= maxBody;
  if (!item?.body || !decides || !mayReadAll(ctx)) return null;
  ctx.stash.answered = true;
  return parseBody(item.body);
}

function mayReadAll(ctx: Context): boolean {
  const { claims } = claimsOf(ctx);
  const groups = claims ? claims['cognito:groups'] : null;
  const scope = claims ? claims.scope : null;
  // Its security context decides, which is another resource.
  if (ctx.info.fieldName === 'Binary') return false;
  // The Lambda records what is read.
  if (ctx.env.AUDIT === 'on') return false;
  // Another authorization component than the rules bundled here decides in the Lambda.
  if (ctx.env.AUTHORIZATION !== 'roles' && ctx.env.AUTHORIZATION !== 'roles+smart') return false;
  if (!claims?.sub || !Array.isArray(groups) || typeof scope !== 'string') return false;
  return scopesSuffice(scope.split(' ')) && accessOf(groups as string[], 'read', ctx.info.fieldName) === 'everything';
}
