import { allOf, anyOf, type Condition, type QueryDsl } from '../opensearch/condition.js';
import { keyed } from '../opensearch/fields.js';
import { type StringQuery, stringType, type StringValue } from '../values/string.js';
import type { ParameterQuery } from './parameter-query.js';
import { byTerms } from './terms.js';

const texts = byTerms('str', stringType);

/** So many letters stand together in a term of `gram`. */
const gramLength = 3;
/** A longer text is a candidate of every `:contains`. */
const longest = 10_000;
const tooLong = '';

/** A text's letters: code points, so that none is cut in two. */
const lettersOf = (text: string): string[] => Array.from(text);

/** The letters at each place of a text; those at its end are fewer. */
function gramsOf(text: string): Set<string> {
  const letters = lettersOf(text);
  return new Set(letters.map((_, i) => letters.slice(i, i + gramLength).join('')));
}

/** More grams hardly narrow a search further. */
const mostGrams = 32;

function containing(code: string, folded: string): Condition {
  const long: QueryDsl = { term: { gram: keyed(code, tooLong) } };
  const isShort = lettersOf(folded).length < gramLength;
  const grams = isShort ? [] : [...gramsOf(folded)].filter((gram) => lettersOf(gram).length === gramLength);
  const wanted = grams.slice(0, mostGrams).map((gram): QueryDsl => ({ term: { gram: keyed(code, gram) } }));
  if (isShort) wanted.push({ prefix: { gram: keyed(code, folded) } });
  return { query: anyOf([allOf(wanted), long]), exact: false, clauses: wanted.length + 1 };
}

/** Texts by how they begin, and for `:contains` by all groups of three letters they have. */
export const stringQuery: ParameterQuery<StringValue, StringQuery> = {
  index(fields, code, values) {
    texts.index(fields, code, values);
    for (const folded of values.flatMap((value) => value.folded)) {
      if (folded.length > longest) fields.gram.add(keyed(code, tooLong));
      else for (const gram of gramsOf(folded)) fields.gram.add(keyed(code, gram));
    }
  },
  condition(code, queries) {
    const within = queries
      .filter(({ modifier }) => modifier === 'contains')
      .map(({ folded }) => containing(code, folded));
    const others = queries.filter(({ modifier }) => modifier !== 'contains');
    const conditions = others.length === 0 ? within : [...within, texts.condition(code, others)];
    return {
      query: anyOf(conditions.map(({ query }) => query)),
      exact: conditions.every(({ exact }) => exact),
      clauses: conditions.reduce((sum, { clauses }) => sum + clauses, 0),
    };
  },
};
