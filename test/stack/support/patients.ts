import { entriesOf } from '../../support/server.js';
import { eventually, type Stack, type StackAnswer } from './stack.js';

/** A Patient with a family name. */
export const patient = (family: string, more: object = {}): object => ({
  resourceType: 'Patient',
  name: [{ family }],
  ...more,
});

/** Searches until so many are found, which the stream brings to the index. */
export const searchFor = (stack: Stack, search: string, count: number, as?: string): Promise<StackAnswer> =>
  eventually(
    () => stack.send('GET', search, as === undefined ? {} : { as }),
    ({ json }) => entriesOf(json).length === count,
  );
