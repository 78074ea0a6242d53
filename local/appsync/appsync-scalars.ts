import { isIP } from 'node:net';
import { Kind, type ValueNode } from 'graphql';

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

/** How a scalar of AppSync's is read and written. */
interface AwsScalar {
  readonly serialize: (value: unknown) => unknown;
  readonly parseValue: (value: unknown) => unknown;
  readonly parseLiteral: (node: ValueNode) => unknown;
}

const literalValue = (node: ValueNode): unknown =>
  node.kind === Kind.INT ? Number(node.value) : node.kind === Kind.STRING ? node.value : undefined;

function scalar(name: string, isOne: (value: unknown) => boolean): AwsScalar {
  const checked = (does: string) => (value: unknown) => {
    if (isOne(value)) return value;
    const shown = JSON.stringify(value) as string | undefined;
    throw new TypeError(`Unable to ${does} \`${(shown ?? 'undefined').slice(0, 100)}\` as a valid ${name}.`);
  };
  const parse = checked('parse');
  return { serialize: checked('serialize'), parseValue: parse, parseLiteral: (node) => parse(literalValue(node)) };
}

const textLike =
  (pattern: RegExp, more: (text: string) => boolean = () => true) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value) && more(value);

const zone = '(?:Z|[+-]\\d\\d:\\d\\d(?::\\d\\d)?)';
const date = '-?\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';
const time = '(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,9})?)?';

/** Whether the day of a date is one of its month. */
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = (/(\d{4})-(\d\d)-(\d\d)/.exec(text) ?? []).slice(1).map(Number);
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

const isUrl = (text: string): boolean => URL.canParse(text);
const isAddress = (text: string): boolean => {
  const [address = '', prefix, ...others] = text.split('/');
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  return (
    version > 0 && others.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
};

/**
 * AppSync's scalars by name.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html
 */
export const awsScalars: Readonly<Record<string, Partial<AwsScalar>>> = {
  AWSJSON: {
    serialize: awsJsonText,
    parseValue: awsJsonInput,
    parseLiteral: (node) => awsJsonInput(node.kind === Kind.STRING ? node.value : undefined),
  },
  AWSDate: scalar('AWSDate', textLike(new RegExp(`^${date}${zone}?$`), isDay)),
  AWSTime: scalar('AWSTime', textLike(new RegExp(`^${time}${zone}?$`))),
  AWSDateTime: scalar('AWSDateTime', textLike(new RegExp(`^${date}T${time}${zone}$`), isDay)),
  AWSTimestamp: scalar('AWSTimestamp', (value) => Number.isSafeInteger(value)),
  AWSEmail: scalar('AWSEmail', textLike(/^[^\s@]+@[^\s@]+\.[^\s@]+$/)),
  AWSURL: scalar('AWSURL', textLike(/^[a-z][a-z0-9+.-]*:/i, isUrl)),
  AWSPhone: scalar('AWSPhone', textLike(/^\+?[0-9][0-9 .()-]{2,24}$/)),
  AWSIPAddress: scalar('AWSIPAddress', textLike(/^[0-9a-f.:/]+$/i, isAddress)),
};
