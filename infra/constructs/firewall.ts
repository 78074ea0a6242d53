import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { prefixOf } from '../names.js';
import type { Stage } from '../read-settings.js';

/**
 * Rules of AWS's common set that FHIR breaks rightly: bundles are large, narratives are XHTML, and identifiers in searches
 * and bodies are URLs. They count and block nothing.
 */
const counted = [
  'SizeRestrictions_BODY',
  'SizeRestrictions_QUERYSTRING',
  'CrossSiteScripting_BODY',
  'GenericRFI_BODY',
  'GenericRFI_QUERYARGUMENTS',
  'EC2MetaDataSSRF_BODY',
  'EC2MetaDataSSRF_QUERYARGUMENTS',
];

/** A web application firewall before the APIs: the rules of AWS, and a limit of requests from one address. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, stage: Stage, apis: Readonly<Record<string, string>>) {
    super(scope, id);
    const visibility = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: false, // samples hold query strings
      metricName,
    });
    const managed = (priority: number, name: string, excluded: readonly string[]): CfnWebACL.RuleProperty => ({
      name,
      priority,
      overrideAction: { none: {} },
      visibilityConfig: visibility(name),
      statement: {
        managedRuleGroupStatement: {
          vendorName: 'AWS',
          name,
          ruleActionOverrides: excluded.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
        },
      },
    });
    const acl = new CfnWebACL(this, 'Rules', {
      name: prefixOf(stage),
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility(prefixOf(stage)),
      rules: [
        {
          name: 'OneAddress',
          priority: 0,
          action: { block: {} },
          visibilityConfig: visibility('OneAddress'),
          statement: { rateBasedStatement: { limit: stage.firewallLimit, aggregateKeyType: 'IP' } },
        },
        managed(1, 'AWSManagedRulesCommonRuleSet', counted),
        managed(2, 'AWSManagedRulesKnownBadInputsRuleSet', []),
      ],
    });
    for (const [name, resourceArn] of Object.entries(apis)) {
      new CfnWebACLAssociation(this, name, { resourceArn, webAclArn: acl.attrArn });
    }
  }
}
