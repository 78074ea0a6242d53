import { type Tenant, tenantNamed } from '../../fhir/tenant.js';

/** Someone who can sign in locally; docs/sign-in.md lists them. */
export interface LocalUser {
  readonly username: string;
  /** The token's `sub`: a UUID, as Cognito's are, and always the same. */
  readonly subject: string;
  /** The token's `cognito:groups`. */
  readonly groups: readonly string[];
  /** What the sign-in page says about them. */
  readonly description: string;
  /** The resource the person is. */
  readonly fhirUser?: string;
  /** Whose user it is, where tenants share the server. */
  readonly tenant?: Tenant;
}

/** The patient `npm run demo` loads, in R4 and in STU3. */
export const demoPatientId = '27f885ac-e93b-6cd5-33cd-c3a0d5e69e0a';

/** Everyone who can sign in locally: one user for each group of the role rules. */
export const localUsers: readonly LocalUser[] = [
  {
    username: 'practitioner',
    subject: '5f1c0c3e-7a0b-4c57-9d0e-3b6f6f1f0a01',
    groups: ['practitioner'],
    description: 'reads and writes everything',
  },
  {
    username: 'non-practitioner',
    subject: '5f1c0c3e-7a0b-4c57-9d0e-3b6f6f1f0a02',
    groups: ['non-practitioner'],
    description: 'reads what is financial: Account, Claim, Coverage, …',
  },
  {
    username: 'auditor',
    subject: '5f1c0c3e-7a0b-4c57-9d0e-3b6f6f1f0a03',
    groups: ['auditor'],
    description: 'reads Patient, AuditEvent and Provenance',
  },
  {
    username: 'operator',
    subject: '5f1c0c3e-7a0b-4c57-9d0e-3b6f6f1f0a05',
    groups: ['operator'],
    description: 'makes the search index anew; reads nothing',
  },
  {
    username: 'patient',
    subject: '5f1c0c3e-7a0b-4c57-9d0e-3b6f6f1f0a04',
    groups: ['patient'],
    description: 'the patient of the demo: reads what is in their own Patient compartment',
    fhirUser: `Patient/${demoPatientId}`,
  },
];

/**
 * The password of every local user, printed in docs/sign-in.md: it keeps nobody out, it lets a client's sign-in be
 * tried. It therefore counts only for who comes from this machine.
 */
export const documentedPassword = 'fhir-on-appsync';

/** Between the name of a user and that of their tenant: each tenant has all local users. */
const at = '@';

/** A user of a tenant: somebody else than the user of that name in another one. */
const ofTenant = (user: LocalUser, tenant: Tenant): LocalUser => ({
  ...user,
  username: `${user.username}${at}${tenant}`,
  subject: `${user.subject}${at}${tenant}`,
  tenant,
});

/** The user whose own text this is, behind which an `@` and a tenant may stand. */
function userBy(text: string, own: (user: LocalUser) => string): LocalUser | undefined {
  const [name = '', named, ...rest] = text.split(at);
  const user = localUsers.find((each) => own(each) === name);
  if (named === undefined || user === undefined) return user;
  const tenant = rest.length === 0 ? tenantNamed(named) : undefined;
  return tenant && ofTenant(user, tenant);
}

/**
 * Finds a user by name.
 * @param username the name, exactly; `practitioner@a` is the practitioner of the tenant `a`.
 * @param tenant whose user, where the name does not say it.
 * @returns undefined when there is no such user or no tenant can have that name.
 */
export const userByName = (username: string, tenant?: string): LocalUser | undefined =>
  userBy(tenant === undefined ? username : `${username}${at}${tenant}`, (user) => user.username);

/**
 * Finds a user by the `sub` of their tokens.
 * @param subject the `sub`.
 * @returns undefined when there is no such user.
 */
export const userBySubject = (subject: string): LocalUser | undefined => userBy(subject, (user) => user.subject);
