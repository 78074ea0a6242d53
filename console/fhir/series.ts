import { at, type Json, objectsOf, type Resource, textAt } from './json.js';
import { remembered } from './remembered.js';
import {
  choiceOf,
  componentsOf,
  conceptText,
  isSystolic,
  isVoid,
  quantityText,
  rangeText,
  unitOf,
  unitText,
} from './text.js';

/** One measured value. */
export interface Point {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly when: string;
  readonly value: number;
  /** As it was written, with its unit. */
  readonly text: string;
  readonly id: string;
  readonly isUnusual: boolean;
}

/** The values of one code in one unit, the earliest first. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly Point[];
  /** What is usual, where the findings say it. */
  readonly low?: number;
  readonly high?: number;
  readonly range?: string;
}

/** What is drawn together: the values of one code, or of the components of one. */
export interface Measurement {
  readonly code: string;
  readonly name: string;
  readonly series: readonly Series[];
  readonly count: number;
  readonly latest: Point;
  /** The latest values: of components in one unit all of them, of others one. */
  readonly latestText: string;
}

interface Collected {
  readonly name: string;
  readonly unit: string;
  readonly points: Point[];
  readonly isSystolic: boolean;
  low?: number;
  high?: number;
  range?: string;
}

const numberAt = (value: unknown, ...path: string[]): number | undefined => {
  const text = textAt(value, ...path);
  const number = Number(text);
  return text === undefined || text === '' || Number.isNaN(number) ? undefined : number;
};

/**
 * Numeric findings by what they measure. Values in different units are different series: nothing is converted here.
 * Findings entered in error are left out.
 */
export const measurementsOf = remembered((observations: readonly Resource[]): readonly Measurement[] => {
  const found = new Map<string, { readonly name: string; readonly series: Map<string, Collected> }>();
  const collect = (of: Json, observation: Resource, group: { readonly series: Map<string, Collected> }): void => {
    const quantity = choiceOf(of, 'value');
    const value = numberAt(quantity, 'value');
    const when = whenMeasured(observation);
    const time = when === undefined ? Number.NaN : new Date(when).getTime();
    if (value === undefined || when === undefined || Number.isNaN(time)) return;
    const unit = unitOf(quantity) ?? '';
    const name = conceptText(of['code']);
    const key = `${name} ${unit}`;
    const series = group.series.get(key) ?? {
      name,
      unit: unitText(unit),
      points: [],
      isSystolic: isSystolic(of),
    };
    group.series.set(key, series);
    const range = objectsOf(of['referenceRange'])[0];
    const low = numberAt(range, 'low', 'value');
    const high = numberAt(range, 'high', 'value');
    if (low !== undefined) series.low = low;
    if (high !== undefined) series.high = high;
    if (range !== undefined) series.range = textAt(range, 'text') ?? rangeText(range);
    series.points.push({
      at: time,
      when,
      value,
      text: quantityText(quantity),
      id: observation.id ?? '',
      isUnusual: (low !== undefined && value < low) || (high !== undefined && value > high),
    });
  };
  for (const observation of observations) {
    if (observation.resourceType !== 'Observation' || isVoid(observation)) continue;
    const code = textAt(observation, 'code', 'coding', 0, 'code') ?? conceptText(observation['code']);
    const group = found.get(code) ?? { name: conceptText(observation['code']), series: new Map<string, Collected>() };
    found.set(code, group);
    collect(observation, observation, group);
    for (const component of componentsOf(observation)) collect(component, observation, group);
  }
  return [...found]
    .flatMap(([code, { name, series }]) => {
      const all = [...series.values()]
        .toSorted((a, b) => Number(b.isSystolic) - Number(a.isSystolic)) // the first observation may lack one of them
        .map((each) => ({ ...each, points: each.points.toSorted((a, b) => a.at - b.at) }));
      const latest = all.flatMap(({ points }) => points.slice(-1)).toSorted((a, b) => b.at - a.at)[0];
      const count = all.reduce((sum, { points }) => sum + points.length, 0);
      return latest === undefined
        ? []
        : [{ code, name, series: all, count, latest, latestText: latestText(all, latest) }];
    })
    .toSorted((a, b) => b.count - a.count || a.name.localeCompare(b.name));
});

/** `120 / 80 mm[Hg]`, of what was measured together. */
function latestText(all: readonly Series[], latest: Point): string {
  const values = all.flatMap(({ points, unit }) => points.slice(-1).map((point) => ({ point, unit })));
  const [first] = values;
  const isTogether = values.every(({ point, unit }) => point.at === latest.at && unit === first?.unit);
  return values.length > 1 && values.length < 4 && isTogether
    ? `${values.map(({ point: { text, value } }) => text.split(' ')[0] ?? String(value)).join(' / ')} ${first?.unit ?? ''}`
    : latest.text;
}

const whenMeasured = (observation: Resource): string | undefined =>
  textAt(observation, 'effectiveDateTime') ??
  textAt(observation, 'effectivePeriod', 'start') ??
  textAt(observation, 'effectiveInstant') ??
  (at(observation, 'issued') as string | undefined);
