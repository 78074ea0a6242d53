/**
 * What AppSync adds to the SDL of every API: its scalars and its directives.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html
 */
export const appSyncDefinitions = `
scalar AWSDate scalar AWSTime scalar AWSDateTime scalar AWSTimestamp scalar AWSEmail scalar AWSJSON scalar AWSURL
scalar AWSPhone scalar AWSIPAddress
directive @aws_api_key on OBJECT|FIELD_DEFINITION
directive @aws_auth(cognito_groups:[String]) on FIELD_DEFINITION
directive @aws_cognito_user_pools(cognito_groups:[String]) on OBJECT|FIELD_DEFINITION
directive @aws_iam on OBJECT|FIELD_DEFINITION
directive @aws_lambda on OBJECT|FIELD_DEFINITION
directive @aws_oidc on OBJECT|FIELD_DEFINITION
directive @aws_publish(subscriptions:[String]) on FIELD_DEFINITION
directive @aws_subscribe(mutations:[String]) on FIELD_DEFINITION
directive @canonical on OBJECT|FIELD_DEFINITION
directive @hidden on OBJECT|FIELD_DEFINITION
directive @renamed on OBJECT|FIELD_DEFINITION
`;

/** The text of an AWSJSON value as it leaves: a string as it is, other values as JSON. */
export function awsJsonText(value: unknown): string {
  return typeof value === 'string' ? awsJsonInput(value) : JSON.stringify(value);
}

/**
 * The text of an AWSJSON value as it comes in.
 * @throws TypeError for what is no string, and for a string that is no JSON: AppSync takes neither.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html
 */
export function awsJsonInput(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('AWSJSON must be a string that holds JSON');
  try {
    JSON.parse(value);
    return value;
  } catch {
    throw new TypeError(`Unable to parse ${JSON.stringify(value.slice(0, 100))} as valid AWSJSON`);
  }
}
