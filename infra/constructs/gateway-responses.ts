import { securityHeaders, strictTransport } from '../../rest/security-headers.js';
import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';

/** What API Gateway refuses by itself: as which status, and as which issue code of FHIR. */
const refusals: readonly { readonly type: ResponseType; readonly status?: number; readonly code: string }[] = [
  { type: ResponseType.UNAUTHORIZED, status: 401, code: 'login' },
  { type: ResponseType.ACCESS_DENIED, status: 403, code: 'forbidden' },
  { type: ResponseType.INVALID_API_KEY, status: 403, code: 'forbidden' },
  // Its own status is 403: a path that is not there.
  { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, status: 404, code: 'not-found' },
  { type: ResponseType.REQUEST_TOO_LARGE, status: 413, code: 'too-long' },
  { type: ResponseType.THROTTLED, status: 429, code: 'throttled' },
  { type: ResponseType.QUOTA_EXCEEDED, status: 429, code: 'throttled' },
  { type: ResponseType.INTEGRATION_TIMEOUT, status: 504, code: 'timeout' },
  { type: ResponseType.DEFAULT_4XX, code: 'processing' },
  { type: ResponseType.DEFAULT_5XX, code: 'exception' },
];

/** Makes the answers that API Gateway gives without the server OperationOutcomes, which pages of any origin may read. */
export function addGatewayResponses(api: RestApi): void {
  for (const { type, status, code } of refusals) {
    api.addGatewayResponse(type.responseType, {
      type,
      ...(status === undefined ? {} : { statusCode: status.toString() }),
      responseHeaders: {
        ...Object.fromEntries(
          Object.entries({ ...securityHeaders, ...strictTransport })
            .filter(([, value]) => !value.includes("'")) // a value stands between quotes, and may have none
            .map(([name, value]) => [name, `'${value}'`]),
        ),
        'Access-Control-Allow-Origin': "'*'",
        ...(status === 401 ? { 'WWW-Authenticate': "'Bearer'" } : {}),
      },
      templates: {
        'application/json': `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"${code}","diagnostics":$context.error.messageString}]}`,
      },
    });
  }
}
