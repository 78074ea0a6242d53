import { type IApiKey, Period, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import { prefixOf } from '../names.js';
import type { Stage } from '../read-settings.js';

/** What one API key may ask, and a first key. Further keys are made by hand and added to the plan. */
export class UsagePlan extends Construct {
  readonly key: IApiKey;

  constructor(scope: Construct, id: string, stage: Stage, api: RestApi) {
    super(scope, id);
    const { perSecond, burst, perMonth } = stage.throttle;
    const plan = api.addUsagePlan('Plan', {
      name: prefixOf(stage),
      apiStages: [{ api, stage: api.deploymentStage }],
      throttle: { rateLimit: perSecond, burstLimit: burst },
      ...(perMonth === 0 ? {} : { quota: { limit: perMonth, period: Period.MONTH } }),
    });
    this.key = api.addApiKey('Key', { description: `fhir-on-appsync ${stage.stage}` });
    plan.addApiKey(this.key);
  }
}
