import {
  AccountRecovery,
  CfnUserPoolGroup,
  FeaturePlan,
  LambdaVersion,
  Mfa,
  StringAttribute,
  UserPool,
  UserPoolOperation,
} from 'aws-cdk-lib/aws-cognito';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { roleRules } from '../../auth/rules.js';
import { prefixOf } from '../names.js';
import type { Stage } from '../read-settings.js';
import { removalPolicy } from './removal.js';

const secondFactors = { off: Mfa.OFF, optional: Mfa.OPTIONAL, required: Mfa.REQUIRED } as const;

/**
 * The users: made by administrators, signed in by name or address, in the groups that `auth/rules.ts` has rules for.
 * `custom:fhirUser` (`Patient/1`) and `custom:patient` say who in the records a user is, and whose record is opened,
 * `custom:tenantId` of which tenant they are, where there are tenants; only administrators may write them, or anyone could
 * become any patient.
 */
export class Users extends Construct {
  readonly pool: UserPool;

  constructor(scope: Construct, id: string, stage: Stage, addClaims: IFunction) {
    super(scope, id);
    this.pool = new UserPool(this, 'Pool', {
      userPoolName: prefixOf(stage),
      featurePlan: FeaturePlan.ESSENTIALS, // access tokens with claims of our own
      selfSignUpEnabled: false,
      signInAliases: { username: true, email: true },
      signInCaseSensitive: false,
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      mfa: secondFactors[stage.secondFactor],
      ...(stage.secondFactor === 'off' ? {} : { mfaSecondFactor: { otp: true, sms: false } }),
      passwordPolicy: {
        minLength: 12,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      customAttributes: {
        fhirUser: new StringAttribute({ mutable: true, maxLen: 256 }),
        patient: new StringAttribute({ mutable: true, maxLen: 256 }),
        ...(stage.tenancy === 'off' ? {} : { tenantId: new StringAttribute({ mutable: true, maxLen: 64 }) }),
      },
      deletionProtection: stage.deletionProtection,
      removalPolicy: removalPolicy(stage),
    });
    this.pool.addTrigger(UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG, addClaims, LambdaVersion.V2_0);
    for (const group of new Set(roleRules.map((rule) => rule.group))) {
      new CfnUserPoolGroup(this, `Group-${group}`, { userPoolId: this.pool.userPoolId, groupName: group });
    }
  }
}
