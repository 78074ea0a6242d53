// Bundled into the APPSYNC_JS resolvers: only what that runtime knows (no regular expressions, no classes, no try).
// https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-overview-js.html

/** What rules speak of: the FHIR interactions, instance, type and system level alike. https://hl7.org/fhir/R4/http.html */
export type Interaction =
  | 'read'
  | 'vread'
  | 'history'
  | 'search'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'transaction'
  | 'batch'
  | 'capabilities'
  | 'reindex';

/** How far a rule reaches: all resources of the type, or those in the principal's own Patient compartment. */
export type Reach = 'everything' | 'compartment';

/** Members of the group may do these interactions on these types, as far as the rule reaches. */
export interface RoleRule {
  /** A group of the token's `cognito:groups`. */
  readonly group: string;
  readonly interactions: readonly Interaction[];
  /** Resource types, of R4 and STU3 alike; `*` for every type. */
  readonly types: readonly string[];
  readonly reach: Reach;
}

/** The role rules: what no rule allows is forbidden; of several rules that allow, the farthest reaching counts. */
export type RoleRules = readonly RoleRule[];

const everyType = ['*'];
const look: readonly Interaction[] = ['read', 'vread', 'history', 'search', 'batch', 'capabilities'];
const change: readonly Interaction[] = ['create', 'update', 'patch', 'delete', 'transaction'];

const financialTypes = [
  'Account',
  'ChargeItem',
  'ChargeItemDefinition',
  'Claim',
  'ClaimResponse',
  'Contract',
  'Coverage',
  'CoverageEligibilityRequest',
  'CoverageEligibilityResponse',
  'EligibilityRequest', // STU3's name of CoverageEligibilityRequest
  'EligibilityResponse', // STU3's name of CoverageEligibilityResponse
  'EnrollmentRequest',
  'EnrollmentResponse',
  'ExplanationOfBenefit',
  'InsurancePlan',
  'Invoice',
  'PaymentNotice',
  'PaymentReconciliation',
];

/** Who and where care is given: in no Patient compartment, and nothing in them is about a patient. */
export const directoryTypes: readonly string[] = [
  'Endpoint',
  'HealthcareService',
  'Location',
  'Medication',
  'Organization',
  'OrganizationAffiliation',
  'Practitioner',
  'PractitionerRole',
];

/**
 * The rules of a fresh deployment. The first three groups may do what FHIR Works on AWS lets them do, and look at
 * history where they may look at versions; an auditor also reads the audit trail.
 * https://github.com/aws-solutions/fhir-works-on-aws/blob/main/solutions/deployment/src/RBACRules.ts
 */
export const roleRules: RoleRules = [
  { group: 'practitioner', interactions: [...look, ...change], types: everyType, reach: 'everything' },
  { group: 'non-practitioner', interactions: look, types: financialTypes, reach: 'everything' },
  { group: 'auditor', interactions: look, types: ['Patient', 'AuditEvent', 'Provenance'], reach: 'everything' },
  // Who runs the server: its index, no resources.
  { group: 'operator', interactions: ['reindex', 'batch', 'capabilities'], types: everyType, reach: 'everything' },
  { group: 'patient', interactions: look, types: directoryTypes, reach: 'everything' },
  { group: 'patient', interactions: look, types: everyType, reach: 'compartment' },
];

/** Interactions with the whole system: their entries are authorized one by one, by the type each names. */
const systemInteractions: readonly Interaction[] = ['transaction', 'batch', 'capabilities', 'reindex'];

/**
 * How far rules let members of groups go.
 * @param rules the rules that count.
 * @param groups the principal's groups; unknown ones give no right.
 * @param interaction what is to be done.
 * @param type the resource type it is to be done to; for transaction, batch, capabilities and reindex it does not count.
 * @returns `nothing` when no rule allows it.
 */
export function accessUnder(
  rules: RoleRules,
  groups: readonly string[],
  interaction: Interaction,
  type: string,
): Reach | 'nothing' {
  const ofSystem = systemInteractions.includes(interaction);
  let reach: Reach | 'nothing' = 'nothing';
  for (const rule of rules) {
    const allows =
      groups.includes(rule.group) &&
      rule.interactions.includes(interaction) &&
      (ofSystem || rule.types.includes('*') || rule.types.includes(type));
    if (allows && reach !== 'everything') reach = rule.reach;
  }
  return reach;
}

/**
 * How far the rules of this deployment (`roleRules`) let members of groups go: `accessUnder` for the resolvers.
 * @param groups the principal's groups.
 * @param interaction what is to be done.
 * @param type the resource type it is to be done to.
 * @returns `nothing` when no rule allows it.
 */
export function accessOf(groups: readonly string[], interaction: Interaction, type: string): Reach | 'nothing' {
  return accessUnder(roleRules, groups, interaction, type);
}

const smartContexts: readonly string[] = ['launch', 'patient', 'user', 'system'];

/**
 * Whether a token was given for a part of what its user may do, by scopes of SMART on FHIR (`patient/*.read`).
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 * @param scopes the token's `scope`, split.
 */
export function hasSmartScopes(scopes: readonly string[]): boolean {
  for (const scope of scopes) {
    const [context] = scope.split('/');
    if (scope === 'launch' || (scope !== context && smartContexts.includes(context ?? ''))) return true;
  }
  return false;
}

/**
 * Whether a token's scopes open this server to the role rules: `openid` with `profile` (signed in through the hosted
 * page), or `aws.cognito.signin.user.admin` (signed in through the Cognito API), and none that limits the token further.
 * @param scopes the token's `scope`, split.
 * @returns false when the token was given for something else.
 */
export function scopesSuffice(scopes: readonly string[]): boolean {
  const isOpen =
    (scopes.includes('openid') && scopes.includes('profile')) || scopes.includes('aws.cognito.signin.user.admin');
  return isOpen && !hasSmartScopes(scopes);
}
