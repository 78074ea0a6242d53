import {
  AccessLogFormat,
  AuthorizationType,
  CognitoUserPoolsAuthorizer,
  EndpointType,
  type IResource,
  LambdaIntegration,
  LogGroupLogDestination,
  type MethodOptions,
  MethodLoggingLevel,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IUserPool } from 'aws-cdk-lib/aws-cognito';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { prefixOf } from '../names.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import { addGatewayResponses } from './gateway-responses.js';
import { Log } from './log.js';

/** What is recorded of a request: no path, query or header, which may hold names and ids of patients. */
const accessLog = {
  time: '$context.requestTime',
  requestId: '$context.requestId',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  milliseconds: '$context.responseLatency',
  bytes: '$context.responseLength',
  subject: '$context.authorizer.claims.sub',
  client: '$context.authorizer.claims.client_id',
  apiKeyId: '$context.identity.apiKeyId',
  address: '$context.identity.sourceIp',
  error: '$context.error.responseType',
};

export interface RestGatewayProps {
  /** The server's function of each FHIR version. */
  readonly functions: ReadonlyMap<FhirVersion, IFunction>;
  readonly userPool: IUserPool;
  /** One of these every token has. */
  readonly scopes: readonly string[];
}

/**
 * API Gateway before the REST server: `/r4` and `/stu3`, where tenants share it `/tenant/[id]/r4` as well, for callers with a token and, by setting, an API key. What tells
 * clients how to sign in is open: `metadata` and `.well-known`; so are questions of browsers (OPTIONS).
 */
export class RestGateway extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, stage: Stage, { functions, userPool, scopes }: RestGatewayProps) {
    super(scope, id);
    const { perSecond, burst } = stage.throttle;
    this.api = new RestApi(this, 'Api', {
      restApiName: prefixOf(stage),
      description: `fhir-on-appsync ${stage.stage}: FHIR REST`,
      endpointTypes: [EndpointType.REGIONAL],
      binaryMediaTypes: ['*/*'], // bodies reach the server byte by byte
      cloudWatchRole: true,
      deployOptions: {
        stageName: 'v1',
        accessLogDestination: new LogGroupLogDestination(new Log(this, 'AccessLog', stage)),
        accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLog)),
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        metricsEnabled: true,
        throttlingRateLimit: perSecond,
        throttlingBurstLimit: burst,
      },
    });
    addGatewayResponses(this.api);
    const guarded: MethodOptions = {
      authorizationType: AuthorizationType.COGNITO,
      authorizer: new CognitoUserPoolsAuthorizer(this, 'Users', {
        cognitoUserPools: [userPool],
        resultsCacheTtl: Duration.minutes(5),
      }),
      authorizationScopes: [...scopes],
      apiKeyRequired: stage.apiKeyRequired,
    };
    const { root } = this.api;
    const roots = stage.tenancy === 'off' ? [root] : [root, root.addResource('tenant').addResource('{tenant}')];
    for (const from of roots) {
      for (const [version, handler] of functions) this.#route(from.addResource(version), handler, guarded);
    }
  }

  #route(base: IResource, handler: IFunction, guarded: MethodOptions): void {
    const integration = new LambdaIntegration(handler, { allowTestInvoke: false });
    const open: MethodOptions = { authorizationType: AuthorizationType.NONE };
    const add = (resource: IResource, methods: readonly string[], options: MethodOptions): void => {
      for (const method of methods) resource.addMethod(method, integration, options);
    };
    const below = base.addResource('{proxy+}');
    for (const resource of [base, below]) {
      add(resource, ['ANY'], guarded);
      add(resource, ['OPTIONS'], open);
    }
    const known = base.addResource('.well-known').addResource('{proxy+}');
    for (const resource of [base.addResource('metadata'), known]) add(resource, ['GET', 'HEAD', 'OPTIONS'], open);
  }
}
