import { healthLakeIdle, idle } from './idle.js';
import { fhirWorks, itemKilobytes, type MillionCost, operations, together } from './operations.js';
import { costOf, type Price, prices, pricesAsOf, region } from './prices.js';
import { heatOf, scaleOf } from './scale.js';

/** Texts of Markdown by the name of the block of a page that holds each. */
export type Blocks = Readonly<Record<string, string>>;

const money = (dollars: number): string =>
  dollars === 0 ? '–' : dollars < 0.1 ? dollars.toFixed(3) : dollars.toFixed(2);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const rowOf = (cost: MillionCost): readonly string[] => {
  const { name, calls, units, front, functions, table: units$, others } = cost;
  return [name, calls, units, ...[front, functions, units$, others, together(cost)].map(money)];
};

/** What HealthLake's list price makes a million of reads and searches. */
const healthLakeMillion = (): number => costOf(prices.healthLakeQueries, 1_000_000);

/** Costs as tables of docs/costs.md. */
export function costBlocks(): Blocks {
  const works = new Map(fhirWorks().map((cost) => [cost.name, cost]));
  const compared = operations().flatMap((own) => {
    const other = works.get(own.name);
    if (other === undefined) return [];
    const { name, calls, table: units } = own;
    return [[name, calls, money(units), money(together(own)), other.calls, money(other.table), money(together(other))]];
  });
  const priced = Object.values(prices as Readonly<Record<string, Price>>).map(({ what, dollars, per, known, from }) => [
    what,
    per === 1 ? String(dollars) : `${String(dollars)} / ${per.toLocaleString('en-US')}`,
    from === undefined ? known : `${known}: ${from}`,
  ]);
  return {
    idle: table(
      ['Stage', 'Search domain', 'Functions', 'Alarms, key', 'Together'],
      [
        ...idle().map(({ stage, search, functions, others }) => [
          stage,
          ...[search, functions, others, search + functions + others].map(money),
        ]),
        ['HealthLake, one data store', '', '', '', money(healthLakeIdle())],
      ],
    ),
    operations: table(
      ['A million', 'Calls of the table', 'Units', 'Front', 'Functions', 'Table', 'Others', 'Together'],
      operations().map(rowOf),
    ),
    compared: table(
      ['A million', 'Calls here', 'Table', 'Together', 'FHIR Works: calls', 'Table', 'Together'],
      compared,
    ),
    healthlake: `A million reads or searches of HealthLake beyond those included cost $${money(healthLakeMillion())} by its list price (assumed).`,
    prices: table([`Price in ${region}, ${pricesAsOf}`, 'US dollars', 'Known'], priced),
  };
}

/** The scale of a thousand million resources as tables of docs/scale.md. */
export function scaleBlocks(): Blocks {
  const loads = [3_000, 3_700, 3_900, 4_000];
  return {
    scale: table(
      ['A thousand million resources', 'Figure', 'Known'],
      scaleOf(1e9, itemKilobytes).map(({ what, value, known }) => [what, value, known]),
    ),
    heat: table(
      ['Creates of one type a second', 'Seconds with a hot partition', 'Creates that wait'],
      loads
        .map((load) => heatOf(load))
        .map(({ load, hot, late }) => [load.toLocaleString('en-US'), `${hot.toFixed(0)} %`, `${late.toFixed(2)} %`]),
    ),
  };
}

/** A page with its blocks as they are made now: what stands between `<!-- block name -->` and `<!-- end -->`. */
export const withBlocks = (page: string, blocks: Blocks): string =>
  page.replace(/<!-- block (\w+) -->\n[\s\S]*?\n<!-- end -->/g, (whole, name: string) => {
    const text = blocks[name];
    if (text === undefined) throw new Error(`There is no block ${name}`);
    return `<!-- block ${name} -->\n\n${text}\n\n<!-- end -->`;
  });
