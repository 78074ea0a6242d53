import { costOf, prices } from './prices.js';

/** What a stage costs a month that nobody asks, in dollars; storage aside. */
export interface IdleCost {
  readonly stage: string;
  readonly search: number;
  readonly functions: number;
  readonly others: number;
}

const hours = 730;
const minutes = hours * 60;
/** Alarms of a stage with both versions, about. */
const alarms = 30;

/** The search domains of infra/constructs/search-domain.ts. */
const domains = {
  dev: costOf(prices.searchDev, hours) + costOf(prices.searchVolume, 20),
  small: 2 * (costOf(prices.searchData, hours) + costOf(prices.searchVolume, 100)),
  production:
    3 * (costOf(prices.searchMemory, hours) + costOf(prices.searchVolume, 200) + costOf(prices.searchData, hours)),
} as const;

/** Each minute, for each version: the sweeper and the notifier (0.5 GB each) and what looks after jobs (1.769 GB), a tenth of a second each, assumed. */
const eachMinute = (versions: number): number =>
  costOf(prices.lambdaCalls, 3 * versions * minutes) +
  costOf(prices.lambdaTime, versions * minutes * 0.1 * (0.5 + 0.5 + 1.769)) +
  costOf(prices.dynamoRead, 10 * versions * minutes);

/** Two functions of each version of 1 GB, two instances of each kept warm. */
const warm = (versions: number): number => costOf(prices.lambdaWarm, 4 * versions * hours * 3600);

/** What the stages of infra/settings.ts cost a month that nobody asks. */
export const idle = (): readonly IdleCost[] =>
  (['dev', 'small', 'production'] as const).map((stage) => ({
    stage,
    search: domains[stage],
    functions: eachMinute(2) + (stage === 'production' ? warm(2) : 0),
    others: costOf(prices.alarm, alarms) + costOf(prices.key, 1),
  }));

/** A HealthLake data store that nobody asks, a month. */
export const healthLakeIdle = (): number => costOf(prices.healthLakeStore, hours);
