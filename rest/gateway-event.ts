import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { FhirVersion } from '../fhir/version.js';
import { invalidRequest } from '../fhir/outcome.js';
import type { Tenancy } from '../interactions/tenancy.js';

/** What a face behind API Gateway serves. */
export interface GatewayFace {
  readonly version: FhirVersion;
  /** How URLs name tenants; undefined where they name none. */
  readonly tenancy: Pick<Tenancy, 'prefix'> | undefined;
  /** What clients call the server by, without the version, where it is neither of API Gateway's own. */
  readonly publicUrl: string | undefined;
}

/** Where a request to API Gateway was sent. */
export interface GatewayPlace {
  /** The base URL by which the client knows this server, no slash at the end. */
  readonly baseUrl: string;
  /** The path from the FHIR version on, such as `/r4/Patient/1`, or from the tenant on, such as `/tenant/a/r4/Patient/1`. */
  readonly path: string;
}

const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/**
 * Where a request of a REST API came in: on its own host the stage stands before the path, on a custom domain the
 * base path that is mapped to it, which the event's own path has as well.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
 * @throws OperationOutcomeError 400 when the event names no host.
 */
export function gatewayPlace(
  { path, headers, requestContext }: Pick<APIGatewayProxyEvent, 'path' | 'headers' | 'requestContext'>,
  { version, tenancy, publicUrl }: GatewayFace,
): GatewayPlace {
  const ofTenant = tenancy === undefined ? '' : `(?:/${tenancy.prefix}/[^/]+)?`;
  const found = new RegExp(`^(.*?)(${ofTenant}/${version})((?:/.*)?)$`, 's').exec(path);
  const [, prefix = '', mount = `/${version}`, rest = ''] = found ?? [];
  const own = found === null ? path : `${mount}${rest}`;
  if (publicUrl !== undefined) return { baseUrl: `${publicUrl}${mount}`, path: own };
  const whole = requestContext.path;
  const stage = whole.endsWith(path) ? whole.slice(0, whole.length - path.length) : `/${requestContext.stage}`;
  const host = requestContext.domainName ?? headerOf(headers, 'host') ?? '';
  if (!hostPattern.test(host)) throw invalidRequest('The request names no host', 'http.Host');
  // API Gateway itself says so; it speaks https only, an emulator of it may not.
  const protocol = headerOf(headers, 'x-forwarded-proto') === 'http' ? 'http' : 'https';
  return { baseUrl: `${protocol}://${host}${stage}${prefix}${mount}`, path: own };
}

const headerOf = (headers: APIGatewayProxyEvent['headers'], name: string): string | undefined =>
  Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
