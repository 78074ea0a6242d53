import { useState } from 'react';
import { Choose, Combo } from '../../components/fields.js';
import { Icon } from '../../components/Icon.js';
import type { Capabilities, TypeCapabilities } from '../../fhir/capabilities.js';
import { bringings, chainOf, suggestionsFor } from '../../fhir/chain.js';
import {
  comparisonsOf,
  type Condition,
  conditionOf,
  isDirective,
  type Pair,
  pairOf,
  pairsOf,
  queryOf,
} from '../../fhir/query.js';

const examples: Readonly<Record<string, string>> = {
  string: 'beginning of a word',
  token: 'code or system|code',
  reference: 'id or Type/id',
  date: '2024 or 2024-05-17',
  number: '7.5',
  quantity: '5.4 or 5.4||mg',
  uri: 'http://…',
  composite: 'code$value',
  special: '',
};

function Row({
  capabilities,
  type,
  condition,
  onChange,
  onRemove,
}: {
  readonly capabilities: Capabilities;
  readonly type: string;
  readonly condition: Condition;
  readonly onChange: (condition: Condition) => void;
  readonly onRemove: () => void;
}) {
  const kind = chainOf(capabilities, type, condition.parameter).type;
  const comparisons = comparisonsOf(kind);
  const isMissing = condition.comparison === ':missing';
  return (
    <div className="condition">
      <Combo
        label="Parameter"
        isLabelHidden
        isFree
        placeholder="Parameter"
        choices={suggestionsFor(capabilities, type, condition.parameter)}
        value={condition.parameter}
        onChange={(parameter) => {
          const next = comparisonsOf(chainOf(capabilities, type, parameter).type);
          const comparison = next.some(({ id }) => id === condition.comparison) ? condition.comparison : '';
          onChange({ ...condition, parameter, comparison });
        }}
      />
      <Choose
        label="Comparison"
        isLabelHidden
        choices={comparisons}
        value={condition.comparison}
        onChange={(comparison) => {
          onChange({ ...condition, comparison, value: comparison === ':missing' ? 'true' : condition.value });
        }}
      />
      {isMissing ? (
        <Choose
          label="Value"
          isLabelHidden
          choices={[
            { id: 'true', text: 'yes' },
            { id: 'false', text: 'no' },
          ]}
          value={condition.value}
          onChange={(value) => {
            onChange({ ...condition, value });
          }}
        />
      ) : (
        <input
          className="input"
          aria-label="Value"
          placeholder={examples[kind ?? ''] ?? ''}
          value={condition.value}
          onChange={(event) => {
            onChange({ ...condition, value: event.target.value });
          }}
        />
      )}
      <button type="button" className="button quiet icon-only" aria-label="Remove this condition" onClick={onRemove}>
        <Icon name="close" />
      </button>
    </div>
  );
}

const blank: Condition = { parameter: '', comparison: '', value: '' };

/** What a search asks for, row by row, or as the text that stands in the URL. */
export function Builder({
  capabilities,
  of,
  query,
  onSearch,
  onType,
}: {
  readonly capabilities: Capabilities;
  readonly of: TypeCapabilities;
  readonly query: string;
  readonly onSearch: (query: string) => void;
  readonly onType: (type: string) => void;
}) {
  const pairs = pairsOf(query);
  const typeOf = (parameter: string): string | undefined => chainOf(capabilities, of.type, parameter).type;
  const [conditions, setConditions] = useState<readonly Condition[]>(() => {
    const found = pairs.filter((pair) => !isDirective(pair)).map((pair) => conditionOf(pair, typeOf));
    return found.length === 0 ? [blank] : found;
  });
  const [brought, setBrought] = useState(() => pairs.filter(({ key }) => /^_(rev)?include/.test(key)));
  const [text, setText] = useState<string>();
  const others = pairs.filter((pair) => isDirective(pair) && !/^_(rev)?include/.test(pair.key) && pair.key !== '_page');
  const built = queryOf([
    ...conditions.filter(({ parameter, value }) => parameter !== '' && value !== '').map(pairOf),
    ...brought,
    ...others,
  ]);
  const includes = bringings(capabilities, of.type, brought);
  return (
    <form
      className="card builder"
      role="search"
      aria-label={`Search ${of.type}`}
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(text ?? built);
      }}
    >
      <div className="row builder-head">
        <span className="soft">Find</span>
        <div className="type-choice">
          <Combo
            label="Type"
            isLabelHidden
            choices={capabilities.names.map((id) => ({ id }))}
            value={of.type}
            onChange={(type) => {
              if (type !== of.type) onType(type);
            }}
          />
        </div>
        <span className="soft">where</span>
      </div>
      {text === undefined ? (
        <div className="conditions">
          {conditions.map((condition, place) => (
            <Row
              key={place}
              capabilities={capabilities}
              type={of.type}
              condition={condition}
              onChange={(changed) => {
                setConditions(conditions.with(place, changed));
              }}
              onRemove={() => {
                const left = conditions.toSpliced(place, 1);
                setConditions(left.length === 0 ? [blank] : left);
              }}
            />
          ))}
          {brought.map((pair: Pair, place) => (
            <p key={`${pair.key}${pair.value}`} className="row small">
              <span className="chip accent">
                {pair.key.endsWith(':iterate')
                  ? 'and from there on'
                  : pair.key.startsWith('_rev')
                    ? 'also what refers here'
                    : 'also what it refers to'}
              </span>
              <code>{pair.value}</code>
              <button
                type="button"
                className="button quiet icon-only"
                aria-label={`Leave out ${pair.value}`}
                onClick={() => {
                  setBrought(brought.toSpliced(place, 1));
                }}
              >
                <Icon name="close" />
              </button>
            </p>
          ))}
        </div>
      ) : (
        <label className="field">
          <span className="label">Query, as it stands in the URL</span>
          <textarea
            className="input"
            rows={3}
            spellCheck={false}
            value={text}
            onChange={(event) => {
              setText(event.target.value.trim().replace(/^\?/, ''));
            }}
          />
        </label>
      )}
      <div className="row builder-foot">
        <button type="submit" className="button primary">
          <Icon name="search" />
          Search
        </button>
        {text === undefined ? (
          <>
            <button
              type="button"
              className="button"
              onClick={() => {
                setConditions([...conditions, blank]);
              }}
            >
              <Icon name="plus" />
              Condition
            </button>
            {includes.length === 0 ? null : (
              <div className="builder-includes">
                <Combo
                  key={brought.length}
                  label="Also bring"
                  isLabelHidden
                  placeholder="Also bring…"
                  choices={includes}
                  value=""
                  onChange={(id) => {
                    const [key = '', value = ''] = id.split('=');
                    if (!brought.some((pair) => pair.key === key && pair.value === value))
                      setBrought([...brought, { key, value }]);
                  }}
                />
              </div>
            )}
          </>
        ) : null}
        <button
          type="button"
          className="button quiet spread"
          aria-pressed={text !== undefined}
          onClick={() => {
            if (text === undefined) setText(built);
            else onSearch(text);
          }}
        >
          {text === undefined ? 'Write the query' : 'Build it'}
        </button>
      </div>
    </form>
  );
}
