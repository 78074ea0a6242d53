import {
  type FieldNode,
  getNamedType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInterfaceType,
  isLeafType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { useState } from 'react';
import { Choose } from '../../components/fields.js';
import { Icon } from '../../components/Icon.js';
import {
  fragmentStep,
  fragmentTypes,
  type OperationKind,
  operationsOf,
  type QueryPath,
  rootOf,
  selectedAt,
  toggled,
  typedOf,
  withArgument,
} from '../../fhir/graphql-edit.js';

/** What the branches of the tree know of the query, and how they change it. */
interface Tree {
  readonly schema: GraphQLSchema;
  toggle(path: QueryPath, type: GraphQLNamedType | undefined): void;
  setArgument(path: QueryPath, argument: GraphQLField<unknown, unknown>['args'][number], typed: string): void;
  showDocs(type: string): void;
}

/** Fields that are shown of a type without being asked for. */
const most = 24;

function Arguments({
  tree,
  of,
  node,
  path,
}: {
  readonly tree: Tree;
  readonly of: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  readonly path: QueryPath;
}) {
  const [begun, setBegun] = useState<readonly string[]>([]);
  const given = new Map((node.arguments ?? []).map(({ name, value }) => [name.value, typedOf(value)]));
  const isNeeded = (type: unknown): boolean => String(type).endsWith('!');
  const shown = of.args.filter(({ name, type }) => given.has(name) || begun.includes(name) || isNeeded(type));
  const others = of.args.filter((each) => !shown.includes(each));
  return (
    <div className="explorer-arguments">
      {shown.map((argument) => (
        <label key={argument.name}>
          <span>{argument.name}</span>
          <input
            key={given.get(argument.name) ?? ''}
            className="input"
            aria-label={`${argument.name} of ${of.name}`}
            placeholder={String(argument.type)}
            defaultValue={given.get(argument.name) ?? ''}
            onBlur={(event) => {
              tree.setArgument(path, argument, event.target.value);
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter') tree.setArgument(path, argument, event.currentTarget.value);
            }}
          />
        </label>
      ))}
      {others.length === 0 ? null : (
        <Choose
          label={`Add an argument to ${of.name}`}
          isLabelHidden
          choices={[{ id: '', text: 'argument…' }, ...others.map(({ name }) => ({ id: name }))]}
          value=""
          onChange={(name) => {
            setBegun([...begun, name]);
          }}
        />
      )}
    </div>
  );
}

/** A field or a fragment: a box to tick, and what is inside once it is ticked. */
function Branch({
  tree,
  step,
  type,
  of,
  set,
  path,
}: {
  readonly tree: Tree;
  readonly step: string;
  readonly type: GraphQLNamedType | undefined;
  /** Absent of a fragment. */
  readonly of?: GraphQLField<unknown, unknown>;
  readonly set: SelectionSetNode | undefined;
  readonly path: QueryPath;
}) {
  const node = selectedAt(set, step);
  const here = [...path, step];
  const isLeaf = type === undefined || isLeafType(type);
  return (
    <li>
      <div className="explorer-row">
        <label>
          <input
            type="checkbox"
            checked={node !== undefined}
            onChange={() => {
              tree.toggle(here, type);
            }}
          />
          <span className={node === undefined ? '' : 'is-chosen'}>{step}</span>
        </label>
        {isLeaf || of === undefined ? null : (
          <button
            type="button"
            className="explorer-type"
            aria-label={`About ${type.name}`}
            onClick={() => {
              tree.showDocs(type.name);
            }}
          >
            {type.name}
          </button>
        )}
      </div>
      {node === undefined ? null : (
        <>
          {of !== undefined && node.kind === Kind.FIELD && of.args.length > 0 ? (
            <Arguments tree={tree} of={of} node={node} path={here} />
          ) : null}
          {isLeaf ? null : <Branches tree={tree} type={type} set={node.selectionSet} path={here} />}
        </>
      )}
    </li>
  );
}

/** The fields of a type: those chosen, and the first of the others; more by typing. */
function Branches({
  tree,
  type,
  set,
  path,
}: {
  readonly tree: Tree;
  readonly type: GraphQLNamedType;
  readonly set: SelectionSetNode | undefined;
  readonly path: QueryPath;
}) {
  const [text, setText] = useState('');
  const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
  const fragments = fragmentTypes(tree.schema, type);
  const all: readonly { readonly step: string; readonly of?: GraphQLField<unknown, unknown>; readonly type: string }[] =
    [
      ...fields.map((of) => ({ step: of.name, of, type: getNamedType(of.type).name })),
      ...fragments.map((name) => ({ step: fragmentStep(name), type: name })),
    ];
  const wanted = text.trim().toLowerCase();
  const isChosen = ({ step }: { readonly step: string }): boolean => selectedAt(set, step) !== undefined;
  const rank = ({ step }: { readonly step: string }): number =>
    wanted !== '' && step.toLowerCase().startsWith(wanted) ? 0 : Number(step.startsWith('_')) + 1;
  const others = all
    .filter((each) => !isChosen(each) && each.step.toLowerCase().includes(wanted))
    .toSorted((a, b) => rank(a) - rank(b));
  const shown = [...all.filter(isChosen), ...others.slice(0, most)];
  const left = others.length - most;
  return (
    <ul className="explorer-branches">
      {all.length > most ? (
        <li>
          <input
            className="input"
            aria-label={`Find a field of ${type.name}`}
            placeholder={`Find a field of ${type.name}`}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
        </li>
      ) : null}
      {shown.map(({ step, of, type: name }) => (
        <Branch
          key={step}
          tree={tree}
          step={step}
          type={tree.schema.getType(name)}
          {...(of === undefined ? {} : { of })}
          set={set}
          path={path}
        />
      ))}
      {left > 0 ? <li className="soft small">and {left.toLocaleString()} more: type to find them</li> : null}
    </ul>
  );
}

/** The query as boxes to tick, by the schema; what is ticked is in the query at once. */
export function Explorer({
  schema,
  text,
  place,
  kind,
  onChange,
  onDocs,
}: {
  readonly schema: GraphQLSchema;
  readonly text: string;
  /** Of the operation in the text. */
  readonly place: number;
  /** What is begun where there is no operation. */
  readonly kind: OperationKind;
  readonly onChange: (text: string) => void;
  readonly onDocs: (type: string) => void;
}) {
  const operations = operationsOf(text);
  if (operations === undefined)
    return (
      <p className="card-body soft small row">
        <Icon name="alert" />
        The query has a mistake. Fields can be chosen again when it is mended.
      </p>
    );
  const operation = operations[place];
  const root = rootOf(schema, operation?.operation ?? kind);
  if (root === undefined)
    return <p className="card-body soft small">This API has no {operation?.operation ?? kind}.</p>;
  const tree: Tree = {
    schema,
    toggle(path, type) {
      onChange(toggled(text, place, kind, path, type));
    },
    setArgument(path, argument, typed) {
      const next = withArgument(text, place, kind, path, argument, typed);
      if (next !== text) onChange(next);
    },
    showDocs: onDocs,
  };
  return (
    <div className="explorer">
      <Branches tree={tree} type={root} set={operation?.selectionSet} path={[]} />
    </div>
  );
}
