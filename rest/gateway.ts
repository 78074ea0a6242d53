import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { IncomingMessage } from 'node:http';
import express, { type Request } from 'express';
import serverless from 'serverless-http';
import { within } from '../fhir/deadline.js';
import { notFound, tooCostly, unavailable } from '../fhir/outcome.js';
import type { RestAnswer } from './answer.js';
import { createRestApp, type RestOptions } from './app.js';
import { errorAnswer } from './errors.js';
import { type GatewayFace, gatewayPlace } from './gateway-event.js';
import { refusedByExpress } from './refused-by-express.js';
import { securityHeaders, strictTransport, withSecurityHeaders } from './security-headers.js';
import { send } from './send.js';
import { mountPaths } from './tenant.js';

/** What the REST face behind API Gateway is made of. */
export interface GatewayOptions extends Omit<RestOptions, 'baseUrl'> {
  /** What clients call the server by, without the version, where it is not the host and stage they ask. */
  readonly publicUrl?: string;
}

/** An event of a REST API; those of its test console lack some of it. */
export type GatewayEvent = Omit<APIGatewayProxyEvent, 'multiValueHeaders'> & {
  readonly multiValueHeaders: APIGatewayProxyEvent['multiValueHeaders'] | null;
};

/** Answers one event of a REST API's proxy integration. */
export type GatewayHandler = (
  event: GatewayEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<APIGatewayProxyResult>;

/** What is left of a function's time when a request is given up, so that the client is told, in milliseconds. */
const reserve = 1_500;
/** What is left of that when its calls of engines are given up: then it ends by itself, with nothing left under way. */
const reserveOfCalls = 2_000;
/** The most bytes of a function's answer, as JSON. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const mostBytes = 6_291_456;

/**
 * The REST face of one FHIR version behind API Gateway.
 * @returns the handler. It never throws: what goes wrong is an answer.
 */
export function createGatewayHandler({ publicUrl, ...options }: GatewayOptions): GatewayHandler {
  const { server, log } = options;
  const { version } = server.definitions;
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.use(withSecurityHeaders, (_request, response, next) => {
    response.set(strictTransport); // API Gateway speaks nothing but TLS
    next();
  });
  const face = createRestApp({ ...options, baseUrl: (request) => eventOf(request).baseUrl });
  app.use(mountPaths(version, options.tenancy), face);
  app.use(async (request, response) => {
    const answer = errorAnswer(notFound(`Only /${version} is here. This path`), log);
    await send(response, answer, { method: request.method, acceptEncoding: request.get('accept-encoding') });
  });
  app.use(refusedByExpress(log));
  const wrapped = serverless(app, {
    binary: isBytes,
    // Node's parser tells which headers came more than once; serverless-http, which has none, does not.
    request: (request: IncomingMessage, { multiValueHeaders }: PlacedEvent) => {
      const distinct = Object.entries(multiValueHeaders).map(([name, values]) => [name.toLowerCase(), values]);
      Object.defineProperty(request, 'headersDistinct', { value: Object.fromEntries(distinct) });
    },
  });
  const handle = async (event: PlacedEvent, context: object): Promise<APIGatewayProxyResult> =>
    (await wrapped(event, context)) as APIGatewayProxyResult;
  const failed = (error: unknown): APIGatewayProxyResult => resultOf(errorAnswer(error, log));

  return async (event, context) => {
    const milliseconds = Math.max(1, context.getRemainingTimeInMillis() - reserve);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<APIGatewayProxyResult>((resolve) => {
      timer = setTimeout(() => {
        resolve(failed(unavailable('The request takes too long; a write under way may be done or not')));
      }, milliseconds);
    });
    try {
      const result = await Promise.race([
        within(milliseconds - reserveOfCalls, () =>
          handle(placed(event, { version, tenancy: options.tenancy, publicUrl }), context),
        ),
        late,
      ]);
      return isTooLarge(result) ? failed(tooLarge(result)) : result;
    } catch (error) {
      return failed(error);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Whether an answer is no text: compressed, or the content of a Binary, which alone is given in parts. */
const isBytes = (headers: Readonly<Record<string, unknown>>): boolean =>
  headers['content-encoding'] !== undefined || headers['accept-ranges'] === 'bytes';

/** An event with what is known of its place, its path from the version on, and every header as the client sent it. */
interface PlacedEvent extends APIGatewayProxyEvent {
  readonly baseUrl: string;
}

function placed(event: GatewayEvent, at: GatewayFace): PlacedEvent {
  const multiValueHeaders = event.multiValueHeaders ?? {};
  const headers = Object.entries(multiValueHeaders).map(([name, values = []]) => [name, values.join(', ')] as const);
  return {
    ...event,
    ...gatewayPlace(event, at),
    multiValueHeaders,
    headers: { ...event.headers, ...Object.fromEntries(headers) },
  };
}

/** serverless-http leaves the event on the request. */
const eventOf = (request: Request): PlacedEvent =>
  (request as Request & { readonly apiGateway: { readonly event: PlacedEvent } }).apiGateway.event;

const resultOf = ({ status, headers, body }: RestAnswer): APIGatewayProxyResult => ({
  statusCode: status,
  headers: { ...securityHeaders, ...strictTransport, ...headers },
  body: body ?? '',
});

const isTooLarge = ({ body }: APIGatewayProxyResult): boolean =>
  body.length * 6 > mostBytes && Buffer.byteLength(JSON.stringify(body)) > mostBytes - 16_384;

const tooLarge = ({ body }: APIGatewayProxyResult): Error =>
  tooCostly(
    `The answer has ${String(body.length)} characters, more than this server can send at once: ` +
      'ask for less with _count, _elements or _summary, or take it compressed with Accept-Encoding: gzip',
  );
