import type { ReactNode } from 'react';
import { Titles } from '../../components/Titles.js';
import { ReferenceLink } from '../../components/Value.js';
import { isObject, type Json, listOf, type Resource, textAt } from '../../fhir/json.js';
import { conceptText, valueText, wordsOf } from '../../fhir/text.js';
import { withoutChoice } from '../../fhir/columns.js';

const hidden = ['resourceType', 'text', 'meta', 'id'];

/** Codes beside the words they stand for. */
function Concept({ value }: { readonly value: Json }) {
  return (
    <span className="concept">
      {conceptText(value)}
      {listOf(value['coding']).map((coding, place) => (
        <span key={place} className="code-chip" title={textAt(coding, 'system')}>
          {textAt(coding, 'code')}
        </span>
      ))}
    </span>
  );
}

/** Whether a value is told in a line: a data type, not a group of elements. */
const isSimple = (value: Json): boolean =>
  'coding' in value ||
  'reference' in value ||
  valueText(value) !== '' ||
  Object.keys(value).every((key) => key === 'extension');

function Extension({ value }: { readonly value: Json }) {
  const name = (textAt(value, 'url') ?? '').split('/').at(-1) ?? '';
  const inner = listOf(value['extension']).filter(isObject);
  const choice = Object.keys(value).find((key) => key.startsWith('value'));
  return (
    <div className="element">
      <dt title={textAt(value, 'url')}>{wordsOf(name.replaceAll('-', ' '))}</dt>
      <dd>
        {inner.length > 0 ? (
          <Extensions values={inner} />
        ) : (
          <Shown value={choice === undefined ? undefined : value[choice]} />
        )}
      </dd>
    </div>
  );
}

const Extensions = ({ values }: { readonly values: readonly Json[] }) => (
  <dl className="elements nested">
    {values.map((each, place) => (
      <Extension key={place} value={each} />
    ))}
  </dl>
);

function Shown({ value }: { readonly value: unknown }): ReactNode {
  if (!isObject(value)) {
    const text = valueText(value);
    return /^https?:\/\//.test(text) ? <code className="address">{text}</code> : text;
  }
  if ('coding' in value) return <Concept value={value} />;
  if ('reference' in value) return <ReferenceLink value={value} />;
  if ('div' in value) return null;
  if (isSimple(value)) {
    const use = textAt(value, 'use') ?? textAt(value, 'type', 'text');
    return (
      <>
        {valueText(value)}
        {use === undefined ? null : <span className="soft small"> {use}</span>}
      </>
    );
  }
  return <Elements of={value} isNested />;
}

const extensions = ['extension', 'modifierExtension'];

/** The elements, extensions behind them. */
const inOrder = (of: Json): readonly (readonly [string, unknown])[] =>
  Object.entries(of).toSorted(([a], [b]) => Number(extensions.includes(a)) - Number(extensions.includes(b)));

/** The elements of a resource or of a part of it, by name. */
function Elements({ of, isNested = false }: { readonly of: Json; readonly isNested?: boolean }) {
  return (
    <dl className={isNested ? 'elements nested' : 'elements'}>
      {inOrder(of).map(([name, value]) => {
        if ((!isNested && hidden.includes(name)) || name.startsWith('_') || name === 'resourceType') return null;
        const values = listOf(value);
        if (extensions.includes(name))
          return (
            <div key={name} className="element">
              <dt>Extensions</dt>
              <dd>
                <Extensions values={values.filter(isObject)} />
              </dd>
            </div>
          );
        return (
          <div key={name} className="element">
            <dt>{wordsOf(withoutChoice(name))}</dt>
            <dd>
              {values.map((each, place) => (
                <div key={place} className="element-value">
                  <Shown value={each} />
                </div>
              ))}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** A resource in words: every element, references as links. */
export const Details = ({ resource }: { readonly resource: Resource }) => (
  <section className="card card-body" aria-label="Details">
    <Titles resources={[resource]} known={[]}>
      <Elements of={resource} />
    </Titles>
  </section>
);
