import {
  type GraphQLArgument,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { useState } from 'react';

function TypeLink({ type, onType }: { readonly type: string; readonly onType: (name: string) => void }) {
  return (
    <button
      type="button"
      className="explorer-type"
      onClick={() => {
        onType(type.replace(/[[\]!]/g, ''));
      }}
    >
      {type}
    </button>
  );
}

interface Member {
  readonly name: string;
  readonly type?: string;
  readonly description?: string | null | undefined;
  readonly args?: readonly GraphQLArgument[];
}

function membersOf(type: GraphQLNamedType): readonly Member[] {
  if (isEnumType(type)) return type.getValues().map(({ name, description }) => ({ name, description }));
  if (isObjectType(type) || isInterfaceType(type))
    return Object.values(type.getFields()).map(({ name, description, type: of, args }) => ({
      name,
      description,
      type: String(of),
      args,
    }));
  return isInputObjectType(type)
    ? Object.values(type.getFields()).map(({ name, description, type: of }) => ({
        name,
        description,
        type: String(of),
      }))
    : [];
}

/** What types have, and where they lead; by name or by going from one to the next. */
export function Docs({
  schema,
  trail,
  onTrail,
}: {
  readonly schema: GraphQLSchema;
  /** The types gone through, the one shown last. */
  readonly trail: readonly string[];
  readonly onTrail: (trail: readonly string[]) => void;
}) {
  const [text, setText] = useState('');
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    type === null || type === undefined ? [] : [type.name],
  );
  const name = trail.at(-1);
  const type = name === undefined ? undefined : schema.getType(name);
  const wanted = text.trim().toLowerCase();
  const names =
    wanted === ''
      ? []
      : Object.keys(schema.getTypeMap())
          .filter((each) => each.toLowerCase().includes(wanted) && !each.startsWith('__'))
          .toSorted((a, b) => a.length - b.length)
          .slice(0, 12);
  const go = (next: string): void => {
    setText('');
    if (next !== name) onTrail([...trail, next]);
  };
  const members = type === undefined ? [] : membersOf(type);
  const returning = type !== undefined && isObjectType(type) ? fieldsThatGive(schema, type.name) : [];
  return (
    <div className="docs">
      <input
        className="input"
        aria-label="Find a type"
        placeholder="Find a type"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
        }}
      />
      {names.length === 0 ? null : (
        <ul className="docs-members">
          {names.map((each) => (
            <li key={each}>
              <TypeLink type={each} onType={go} />
            </li>
          ))}
        </ul>
      )}
      <p className="docs-trail small">
        <button
          type="button"
          className="explorer-type"
          onClick={() => {
            onTrail([]);
          }}
        >
          API
        </button>
        {trail.map((each, place) => (
          <span key={place}>
            {' › '}
            {place === trail.length - 1 ? (
              <strong>{each}</strong>
            ) : (
              <TypeLink
                type={each}
                onType={() => {
                  onTrail(trail.slice(0, place + 1));
                }}
              />
            )}
          </span>
        ))}
      </p>
      {type === undefined ? (
        <>
          <p className="small soft">Begin at what can be asked for, or find a type by its name.</p>
          <ul className="docs-members">
            {roots.map((each) => (
              <li key={each}>
                <TypeLink type={each} onType={go} />
              </li>
            ))}
          </ul>
        </>
      ) : (
        <>
          {type.description === null || type.description === undefined ? null : <p>{type.description}</p>}
          {returning.length === 0 ? null : (
            <p className="small soft">
              Given by{' '}
              {returning
                .map((each) => <code key={each}>{each}</code>)
                .flatMap((each, place) => (place === 0 ? [each] : [', ', each]))}
            </p>
          )}
          <ul className="docs-members">
            {members.map((member) => (
              <li key={member.name}>
                <code className="docs-name">{member.name}</code>
                {member.type === undefined ? null : <TypeLink type={member.type} onType={go} />}
                {member.description === null || member.description === undefined ? null : (
                  <p className="small soft">{member.description}</p>
                )}
                {member.args === undefined || member.args.length === 0 ? null : (
                  <details>
                    <summary className="small">
                      {member.args.length} {member.args.length === 1 ? 'argument' : 'arguments'}
                    </summary>
                    <ul className="docs-members">
                      {member.args.map((argument) => (
                        <li key={argument.name}>
                          <code className="docs-name">{argument.name}</code>
                          <TypeLink type={String(argument.type)} onType={go} />
                        </li>
                      ))}
                    </ul>
                  </details>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** The root fields that give a type: how one gets at it. */
const fieldsThatGive = (schema: GraphQLSchema, type: string): readonly string[] =>
  Object.values(schema.getQueryType()?.getFields() ?? {})
    .filter((field) => getNamedType(field.type).name === type)
    .map(({ name }) => name)
    .slice(0, 4);
