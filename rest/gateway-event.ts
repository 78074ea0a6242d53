import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { FhirVersion } from '../fhir/version.js';
import { invalidRequest } from '../fhir/outcome.js';

/** Where a request to API Gateway was sent. */
export interface GatewayPlace {
  /** The base URL by which the client knows this server, no slash at the end. */
  readonly baseUrl: string;
  /** The path from the FHIR version on, such as `/r4/Patient/1`. */
  readonly path: string;
}

const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/**
 * Where a request of a REST API came in: on its own host the stage stands before the path, on a custom domain the
 * base path that is mapped to it, which the event's own path has as well.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
 * @param publicUrl what clients call the server by, without the version, where it is neither.
 * @throws OperationOutcomeError 400 when the event names no host.
 */
export function gatewayPlace(
  { path, headers, requestContext }: Pick<APIGatewayProxyEvent, 'path' | 'headers' | 'requestContext'>,
  version: FhirVersion,
  publicUrl?: string,
): GatewayPlace {
  const [, prefix = '', own = path] = new RegExp(`^(.*?)(/${version}(?:/.*)?)$`, 's').exec(path) ?? [];
  if (publicUrl !== undefined) return { baseUrl: `${publicUrl}/${version}`, path: own };
  const whole = requestContext.path;
  const stage = whole.endsWith(path) ? whole.slice(0, whole.length - path.length) : `/${requestContext.stage}`;
  const host = requestContext.domainName ?? headerOf(headers, 'host') ?? '';
  if (!hostPattern.test(host)) throw invalidRequest('The request names no host', 'http.Host');
  // API Gateway itself says so; it speaks https only, an emulator of it may not.
  const protocol = headerOf(headers, 'x-forwarded-proto') === 'http' ? 'http' : 'https';
  return { baseUrl: `${protocol}://${host}${stage}${prefix}/${version}`, path: own };
}

const headerOf = (headers: APIGatewayProxyEvent['headers'], name: string): string | undefined =>
  Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
