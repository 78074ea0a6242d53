/** How a caller may be known. https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html */
export type AuthMode = 'API_KEY' | 'AWS_IAM' | 'AMAZON_COGNITO_USER_POOLS' | 'OPENID_CONNECT' | 'AWS_LAMBDA';

/** All modes, by their names in templates. */
export const authModes: readonly AuthMode[] = [
  'API_KEY',
  'AWS_IAM',
  'AMAZON_COGNITO_USER_POOLS',
  'OPENID_CONNECT',
  'AWS_LAMBDA',
];

/** What the schema's directives are read by: which modes the API has, and which of them is its default. */
export interface AuthModes {
  readonly standard: AuthMode;
  readonly additional: readonly AuthMode[];
  /** What callers of a user pool may do where no group is named; `ALLOW` without it. */
  readonly userPoolAction?: 'ALLOW' | 'DENY';
}

/** Who asks, and how that is known. */
export interface AppSyncCaller {
  /** `ctx.identity`; null for API keys. */
  readonly identity: unknown;
  /** Left out where the API has one mode and no directives. */
  readonly mode?: AuthMode;
  /** Fields that a Lambda authorizer denies: `Type.field`, or an ARN that ends with `/types/Type/fields/field`. */
  readonly deniedFields?: readonly string[];
}

/** A request whose caller is not known. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
  readonly status: 401 | 403;
  readonly errorType: string;
  constructor(message: string, errorType = 'UnauthorizedException', status: 401 | 403 = 401) {
    super(message);
    this.errorType = errorType;
    this.status = status;
  }
}
