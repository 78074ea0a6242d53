import { authModes } from '../authorization/modes.js';
import { DefinitionError, type ProviderDefinition } from '../definition.js';
import { isMembers, type Members, region } from './stack.js';

/** An API key of the templates, with its end in seconds since 1970. */
interface ApiKey {
  readonly id: string;
  readonly expires: unknown;
}

const optional = (name: string, value: unknown): Members =>
  typeof value === 'string' && value !== '' ? { [name]: value } : {};
const milliseconds = (name: string, value: unknown): Members =>
  value === undefined || Number(value) === 0 ? {} : { [name]: Number(value) };

/** The name of a Lambda function in its ARN, of a version or alias as well. */
const functionName = (arn: unknown): string => /:function:([^:]+)/.exec(String(arn))?.[1] ?? String(arn);

function providerOf(given: Members, keys: readonly ApiKey[], place: string): ProviderDefinition {
  const mode = authModes.find((one) => one === given['AuthenticationType']);
  const config = (name: string): Members => (isMembers(given[name]) ? given[name] : {});
  switch (mode) {
    case 'API_KEY':
      return {
        mode,
        keys: keys.map(({ id, expires }) => ({
          id,
          ...(expires === undefined ? {} : { expires: Number(expires) * 1000 }),
        })),
      };
    case 'AWS_IAM':
      return { mode };
    case 'AMAZON_COGNITO_USER_POOLS': {
      const { UserPoolId, AwsRegion, AppIdClientRegex, DefaultAction } = config('UserPoolConfig');
      const at = typeof AwsRegion === 'string' ? AwsRegion : region;
      return {
        mode,
        issuer: `https://cognito-idp.${at}.amazonaws.com/${String(UserPoolId)}`,
        ...optional('clientIds', AppIdClientRegex),
        action: DefaultAction === 'DENY' ? 'DENY' : 'ALLOW',
      };
    }
    case 'OPENID_CONNECT': {
      const { Issuer, ClientId, IatTTL, AuthTTL } = config('OpenIDConnectConfig');
      return {
        mode,
        issuer: String(Issuer),
        ...optional('clientIds', ClientId),
        ...milliseconds('iatTtl', IatTTL),
        ...milliseconds('authTtl', AuthTTL),
      };
    }
    case 'AWS_LAMBDA': {
      const { AuthorizerUri, IdentityValidationExpression } = config('LambdaAuthorizerConfig');
      return { mode, function: functionName(AuthorizerUri), ...optional('tokenPattern', IdentityValidationExpression) };
    }
    case undefined:
      throw new DefinitionError(
        `${place} has the authorization mode ${String(given['AuthenticationType'])}, which there is not`,
      );
  }
}

/**
 * The authorization modes of an API, the default first.
 * @param properties of the `AWS::AppSync::GraphQLApi`, resolved.
 * @param place the API's logical id, for messages.
 * @throws DefinitionError for a mode that there is not.
 */
export function providersOf(
  properties: Members,
  keys: readonly ApiKey[],
  place: string,
): readonly ProviderDefinition[] {
  const { AdditionalAuthenticationProviders } = properties;
  const additional = Array.isArray(AdditionalAuthenticationProviders)
    ? AdditionalAuthenticationProviders.filter(isMembers)
    : [];
  return [properties, ...additional].map((one) => providerOf(one, keys, place));
}
