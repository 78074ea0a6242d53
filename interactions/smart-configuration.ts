import type { FhirDefinitions } from '../fhir/definitions.js';

/** Where applications get tokens with SMART scopes, and what is supported there. */
export interface SmartEndpoints {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint?: string;
  /** Where a resource server asks whether a token counts, and what it says. */
  readonly introspectionEndpoint?: string;
  /** Who signs ID tokens, and where the keys are, where applications get them for `fhirUser`. */
  readonly openId?: { readonly issuer: string; readonly jwksUri: string };
  readonly grantTypes: readonly string[];
  /** How applications authenticate at the token endpoint: `none` for public ones, `client_secret_basic`, … */
  readonly authMethods: readonly string[];
  /** By what they sign, where they authenticate with keys. */
  readonly signingAlgorithms?: readonly string[];
  readonly scopes: readonly string[];
  /** Of the launch and of the clients, such as `launch-standalone`; those of permissions are added. */
  readonly capabilities: readonly string[];
}

/** The part of a server that says so. */
interface SmartServer {
  readonly smart?: SmartEndpoints;
  readonly definitions: FhirDefinitions;
}

/** What the scopes of this server may say, whoever gives out the tokens. */
const permissions = ['permission-patient', 'permission-user', 'permission-v1', 'permission-v2'];

/**
 * The SMART configuration of a server, for `[base]/.well-known/smart-configuration`.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known
 * @returns undefined where SMART scopes do not count.
 */
export function smartConfiguration({ smart }: SmartServer): object | undefined {
  if (smart === undefined) return undefined;
  const { revocationEndpoint, introspectionEndpoint, openId } = smart;
  return {
    ...(openId === undefined ? {} : { issuer: openId.issuer, jwks_uri: openId.jwksUri }),
    authorization_endpoint: smart.authorizationEndpoint,
    token_endpoint: smart.tokenEndpoint,
    ...(revocationEndpoint === undefined ? {} : { revocation_endpoint: revocationEndpoint }),
    ...(introspectionEndpoint === undefined ? {} : { introspection_endpoint: introspectionEndpoint }),
    grant_types_supported: smart.grantTypes,
    token_endpoint_auth_methods_supported: smart.authMethods,
    ...(smart.signingAlgorithms === undefined
      ? {}
      : { token_endpoint_auth_signing_alg_values_supported: smart.signingAlgorithms }),
    scopes_supported: smart.scopes,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    capabilities: [...smart.capabilities, ...permissions],
  };
}

/**
 * What the capability statement says of security, in the form of either FHIR version.
 * https://hl7.org/fhir/smart-app-launch/1.0.0/conformance/index.html
 * @returns undefined where SMART scopes do not count.
 */
export function smartSecurity({ smart, definitions }: SmartServer): object | undefined {
  if (smart === undefined) return undefined;
  const uri = (url: string, valueUri: string | undefined): object[] =>
    valueUri === undefined ? [] : [{ url, valueUri }];
  const isStu3 = definitions.version === 'stu3';
  return {
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: [
          ...uri('authorize', smart.authorizationEndpoint),
          ...uri('token', smart.tokenEndpoint),
          ...uri('revoke', smart.revocationEndpoint),
          ...uri('introspect', smart.introspectionEndpoint),
        ],
      },
    ],
    service: [
      {
        coding: [
          {
            system: isStu3
              ? 'http://hl7.org/fhir/restful-security-service'
              : 'http://terminology.hl7.org/CodeSystem/restful-security-service',
            code: 'SMART-on-FHIR',
            display: 'SMART-on-FHIR',
          },
        ],
        text: 'OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)',
      },
    ],
  };
}
