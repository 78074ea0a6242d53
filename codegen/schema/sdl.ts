import type { SourceDefinitions } from '../definitions.js';
import type { ReverseList } from './reverse-lists.js';
import { searchArguments } from './search-arguments.js';
import type { ElementField, ObjectShape } from './shapes.js';

/** Each definition stands in a line of its own, without any other white space that GraphQL does not need. */
const lines = (definitions: readonly string[]): string => `${definitions.join('\n')}\n`;

/** Fields or arguments side by side: a list's `]` and an argument's `)` end a definition, a name needs a space after it. */
const joined = (definitions: readonly string[]): string =>
  definitions
    .map((text) => (/[\])!}]$/.test(text) ? text : `${text} `))
    .join('')
    .trimEnd();

const outputType = ({ type, list }: ElementField): string => {
  const name = type.kind === 'resource' ? 'Resource' : type.name;
  return list ? `[${name}]` : name;
};

/** Resource-typed inputs are AWSJSON: an input cannot be an interface. */
const inputType = ({ type, list }: ElementField): string => {
  const name = type.kind === 'resource' ? 'AWSJSON' : type.kind === 'complex' ? `${type.name}_Input` : type.name;
  return list ? `[${name}]` : name;
};

/** The type of a resource's own field of the interface `Resource`. */
const interfaceFields = (resources: readonly ObjectShape[]): string[] => {
  const printed = resources.map(({ fields }) => fields.map((field) => `${field.name}:${outputType(field)}`));
  return (printed[0] ?? []).filter((field) => printed.every((others) => others.includes(field)));
};

const arguments_ = (texts: readonly string[]): string => joined(texts.filter((text) => text !== ''));

/** The enum of the parameters by which resources of `type` refer to a `parent`, such as `ObservationOfPatient`. */
const enumName = ({ type, parent }: ReverseList): string => `${type}Of${parent}`;

/** The arguments of a search beside its parameters; the cursor is for root connections only, as the FHIR page says. */
const paging = ['_count:Int', '_offset:Int', '_sort:String'];

const reverseFields = (source: SourceDefinitions, list: ReverseList): string[] => {
  const { type } = list;
  const search = searchArguments(source, type, ['_id']);
  const given = arguments_([`_reference:${enumName(list)}!`, search, ...paging]);
  return [`${type}List(${given}):[${type}]`, `${type}Connection(${given}):${type}Connection`];
};

const objectType = (source: SourceDefinitions, shape: ObjectShape, reverse: readonly ReverseList[]): string => {
  const fields = shape.fields.map((field) => `${field.name}:${outputType(field)}`);
  if (shape.name === 'Reference') fields.push('resource(optional:Boolean type:ResourceType):Resource');
  if (!shape.isResource) return `type ${shape.name}{${joined(fields)}}`;
  const lists = reverse.filter(({ parent }) => parent === shape.name).flatMap((list) => reverseFields(source, list));
  return `type ${shape.name} implements Resource{${joined(['resourceType:String', ...fields, ...lists])}}`;
};

const objectInput = (shape: ObjectShape): string => {
  const fields = shape.fields.map((field) => `${field.name}:${inputType(field)}`);
  return `input ${shape.name}_Input{${joined(shape.isResource ? ['resourceType:String', ...fields] : fields)}}`;
};

const resultTypes = (type: string): string[] => [
  `type ${type}Connection{count:Int offset:Int pagesize:Int edges:[${type}Edge]first:String previous:String next:String last:String}`,
  `type ${type}Edge{mode:String score:String resource:${type}}`,
  `type ${type}Mutation{location:String resource:${type} information:OperationOutcome}`,
];

const queryFields = (source: SourceDefinitions, type: string): string[] => {
  const given = [searchArguments(source, type), ...paging];
  return [
    `${type}(id:ID!):${type}`,
    `${type}List(${arguments_(given)}):[${type}]`,
    `${type}Connection(${arguments_([...given, '_cursor:String'])}):${type}Connection`,
  ];
};

const mutationFields = (type: string): string[] => [
  `${type}Create(res:${type}_Input!):${type}Mutation`,
  `${type}Update(id:ID!res:${type}_Input!versionId:String):${type}Mutation`,
  `${type}Delete(id:ID!versionId:String):${type}Mutation`,
];

/**
 * Subscriptions and what publishes to them. A change names what changed and holds nothing of it: AppSync drops large
 * events. `compartments`, and a job's `subject` and `client`, are what subscribers are filtered by; the publisher alone gives
 * and sees them. The root type is `Subscriptions`: FHIR has a resource type `Subscription`.
 * https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-data.html
 */
const changeArguments =
  'type:ResourceType!id:ID!versionId:String!action:ChangeAction!lastUpdated:String!compartments:[String!]!';
const jobArguments = 'id:ID!kind:String!state:JobState!percent:Int!subject:String!client:String!';
const publishFields = [
  `publishChange(${changeArguments}):ResourceChange@aws_iam`,
  `publishJob(${jobArguments}):JobChange@aws_iam`,
];
const changes = [
  'enum ChangeAction{create update patch delete}',
  'type ResourceChange@aws_cognito_user_pools@aws_iam{type:ResourceType!id:ID!versionId:String!action:ChangeAction!lastUpdated:String!compartments:[String!]@aws_iam}',
  'enum JobState{running complete failed removed}',
  'type JobChange@aws_cognito_user_pools@aws_iam{id:ID!kind:String!state:JobState!percent:Int!subject:String@aws_iam client:String@aws_iam}',
  'type Subscriptions{onResourceChanged(type:ResourceType id:ID compartment:String actions:[ChangeAction!]):ResourceChange@aws_subscribe(mutations:["publishChange"])' +
    'onJobChanged(id:ID):JobChange@aws_subscribe(mutations:["publishJob"])}',
];

/** Throws when two definitions have the same name. */
function checkNames(version: string, definitions: readonly string[]): void {
  const names = definitions.map((text) => /^\w+ (\w+)/.exec(text)?.[1] ?? text);
  const repeated = names.find((name, place) => names.indexOf(name) !== place);
  if (repeated !== undefined) throw new Error(`${version}: two GraphQL types have the name ${repeated}`);
}

/**
 * The schema of the AppSync API in the schema definition language, minified: AppSync takes 1,000,000 bytes.
 * @param source the definitions of one FHIR version.
 * @param shapes the objects of the types served and of what they are made of.
 * @param reverse the reverse lists served.
 * @returns the SDL, one definition in a line.
 * @throws Error when two definitions would have the same name.
 * @see https://hl7.org/fhir/R4/graphql.html
 */
export function printSchema(
  source: SourceDefinitions,
  shapes: readonly ObjectShape[],
  reverse: readonly ReverseList[],
): string {
  const resources = shapes.filter(({ isResource }) => isResource);
  const types = resources.map(({ name }) => name);
  const definitions = [
    `interface Resource{${joined(['resourceType:String', ...interfaceFields(resources)])}}`,
    `enum ResourceType{${types.join(' ')}}`,
    ...shapes.map((shape) => objectType(source, shape, reverse)),
    ...types.flatMap(resultTypes),
    ...reverse.map((list) => `enum ${enumName(list)}{${list.parameters.join(' ')}}`),
    ...shapes.map(objectInput),
    `type Query{\n${types.map((type) => joined(queryFields(source, type))).join('\n')}}`,
    `type Mutation{\n${types.map((type) => joined(mutationFields(type))).join('\n')}\n${joined(publishFields)}}`,
    ...changes,
  ];
  checkNames(source.version, definitions);
  return lines(['schema{query:Query mutation:Mutation subscription:Subscriptions}', ...definitions]);
}
