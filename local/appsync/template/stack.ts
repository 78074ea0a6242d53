import { DefinitionError } from '../definition.js';

/** A member of a template, resolved or not. */
export type Members = Readonly<Record<string, unknown>>;

/** A resource of a template. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Members;
  readonly Metadata?: Members;
  readonly Condition?: string;
}

/** A CloudFormation template, as JSON. */
export interface Template {
  readonly Resources?: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Members>>>>;
  readonly Conditions?: Members;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
}

/** Where a stack stands among others. */
export interface Surroundings {
  /** Parameters by name, from the stack that nests it. */
  parameter(name: string): unknown;
  /** The value another stack exports under a name. */
  exported(name: string): unknown;
  /** A nested stack of this one. */
  nested(logicalId: string, resource: Resource): Stack;
}

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const accountId = '000000000000';
export const region = 'us-east-1';

const noValue = Symbol('AWS::NoValue');

/** A stack: its template, whose intrinsic functions are resolved when they are read. */
export class Stack {
  readonly name: string;
  readonly #template: Template;
  readonly #surroundings: Surroundings;
  /** What is being resolved, so that a circle is said and not walked. */
  readonly #open = new Set<string>();

  constructor(name: string, template: Template, surroundings: Surroundings) {
    this.name = name;
    this.#template = template;
    this.#surroundings = surroundings;
  }

  /** The resources whose conditions hold. */
  get resources(): readonly (readonly [string, Resource])[] {
    return Object.entries(this.#template.Resources ?? {}).filter(
      ([, { Condition }]) => Condition === undefined || this.#condition(Condition),
    );
  }

  /** A resource's properties, resolved. */
  properties(resource: Resource): Members {
    const resolved = this.resolve(resource.Properties ?? {});
    return isMembers(resolved) ? resolved : {};
  }

  /** The value of an output. */
  output(name: string): unknown {
    const output = this.#template.Outputs?.[name];
    if (output === undefined) throw new DefinitionError(`The stack ${this.name} has no output ${name}`);
    return this.resolve(output.Value);
  }

  /** The names under which outputs are exported, with the outputs. */
  get exports(): readonly (readonly [string, string])[] {
    return Object.entries(this.#template.Outputs ?? {}).flatMap(([name, output]) =>
      output.Export === undefined ? [] : [[String(this.resolve(output.Export.Name)), name] as const],
    );
  }

  /**
   * Resolves the intrinsic functions of a value.
   * @throws DefinitionError for one that is not known, or that leads to nothing.
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
   */
  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.resolve(one)).filter((one) => one !== noValue);
    if (!isMembers(value)) return value;
    const [[name, argument] = [], ...others] = Object.entries(value);
    if (
      others.length === 0 &&
      name !== undefined &&
      (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))
    ) {
      const resolve = Object.hasOwn(this.#functions, name) ? this.#functions[name] : undefined;
      if (resolve === undefined) throw new DefinitionError(`${name} of templates is not in this runtime`);
      return resolve(argument);
    }
    return Object.fromEntries(
      Object.entries(value)
        .map(([member, one]) => [member, this.resolve(one)] as const)
        .filter(([, one]) => one !== noValue),
    );
  }

  readonly #functions: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (name) => this.#ref(String(name)),
    Condition: (name) => this.#condition(String(name)),
    'Fn::GetAtt': (argument) => {
      const [id = '', ...path] = typeof argument === 'string' ? argument.split('.') : (argument as string[]);
      return this.#attribute(id, path.join('.'));
    },
    'Fn::Sub': (argument) => this.#substituted(argument),
    'Fn::Join': (argument) => {
      const [separator, list] = this.#list(argument);
      return (list as unknown[]).map(String).join(String(separator));
    },
    'Fn::Select': (argument) => {
      const [index, list] = this.#list(argument);
      return (list as unknown[])[Number(index)];
    },
    'Fn::Split': (argument) => {
      const [separator, text] = this.#list(argument);
      return String(text).split(String(separator));
    },
    'Fn::Base64': (argument) => Buffer.from(String(this.resolve(argument))).toString('base64'),
    'Fn::FindInMap': (argument) => {
      const [map, first, second] = this.#list(argument).map(String);
      const found = this.#template.Mappings?.[map ?? '']?.[first ?? '']?.[second ?? ''];
      if (found === undefined)
        throw new DefinitionError(`${this.name} has no mapping ${[map, first, second].join('.')}`);
      return found;
    },
    'Fn::If': (argument) => {
      const [condition, then, otherwise] = argument as [string, unknown, unknown];
      return this.resolve(this.#condition(condition) ? then : otherwise);
    },
    'Fn::Equals': (argument) => {
      const [a, b] = this.#list(argument);
      return String(a) === String(b);
    },
    'Fn::And': (argument) => this.#list(argument).every((one) => one === true),
    'Fn::Or': (argument) => this.#list(argument).some((one) => one === true),
    'Fn::Not': (argument) => this.#list(argument)[0] !== true,
    'Fn::ImportValue': (argument) => this.#surroundings.exported(String(this.resolve(argument))),
    'Fn::GetAZs': () => [`${region}a`],
  };

  #list(argument: unknown): readonly unknown[] {
    const resolved = this.resolve(argument);
    if (!Array.isArray(resolved)) throw new DefinitionError(`${this.name}: an intrinsic function needs a list`);
    return resolved;
  }

  #condition(name: string): boolean {
    return this.#once(`condition ${name}`, () => this.resolve(this.#template.Conditions?.[name]) === true);
  }

  #once<Result>(what: string, resolve: () => Result): Result {
    if (this.#open.has(what)) throw new DefinitionError(`${this.name}: ${what} depends on itself`);
    this.#open.add(what);
    try {
      return resolve();
    } finally {
      this.#open.delete(what);
    }
  }

  #substituted(argument: unknown): string {
    const [text, variables = {}] = Array.isArray(argument) ? (argument as [string, Members?]) : [String(argument)];
    return text.replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal !== '') return `\${${name}}`;
      if (Object.hasOwn(variables, name)) return String(this.resolve(variables[name]));
      const [id = '', ...path] = name.split('.');
      return String(path.length === 0 ? this.#ref(id) : this.#attribute(id, path.join('.')));
    });
  }

  readonly #pseudo: Readonly<Record<string, () => unknown>> = {
    'AWS::AccountId': () => accountId,
    'AWS::Region': () => region,
    'AWS::Partition': () => 'aws',
    'AWS::URLSuffix': () => 'amazonaws.com',
    'AWS::StackName': () => this.name,
    'AWS::StackId': () => `arn:aws:cloudformation:${region}:${accountId}:stack/${this.name}/local`,
    'AWS::NoValue': () => noValue,
    'AWS::NotificationARNs': () => [],
  };

  #ref(name: string): unknown {
    const pseudo = Object.hasOwn(this.#pseudo, name) ? this.#pseudo[name] : undefined;
    if (pseudo !== undefined) return pseudo();
    const parameter = this.#template.Parameters?.[name];
    if (parameter !== undefined) {
      return this.#once(`parameter ${name}`, () => this.#surroundings.parameter(name)) ?? parameter.Default ?? '';
    }
    return this.#attribute(name, 'Ref');
  }

  #attribute(id: string, path: string): unknown {
    const resource = this.#template.Resources?.[id];
    if (resource === undefined)
      throw new DefinitionError(`The template of ${this.name} names ${id}, which is not there`);
    if (resource.Type === 'AWS::CloudFormation::Stack' && path.startsWith('Outputs.')) {
      return this.#surroundings.nested(id, resource).output(path.slice('Outputs.'.length));
    }
    return this.#once(`${id}.${path}`, () => attributeOf(this, id, resource, path));
  }
}

/** The physical name of a resource: what its properties say, otherwise one made of stack and logical id. */
export function physicalName(stack: Stack, id: string, resource: Resource): string {
  const named = ['TableName', 'FunctionName', 'ApiKeyId', 'UserPoolName', 'BucketName', 'Name']
    .map((property) => resource.Properties?.[property])
    .find((value) => value !== undefined && resource.Type !== 'AWS::Cognito::UserPool');
  return named === undefined ? `${stack.name}-${id}` : String(stack.resolve(named));
}

const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${accountId}:${rest}`;

/** Attributes by type of resource, `Ref` among them; all others have an ARN and an id made of the logical one. */
function attributeOf(stack: Stack, id: string, resource: Resource, path: string): unknown {
  const name = physicalName(stack, id, resource);
  const own = `${stack.name}-${id}`;
  const known: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    'AWS::AppSync::GraphQLApi': { Ref: arn('appsync', `apis/${own}`), Arn: arn('appsync', `apis/${own}`), ApiId: own },
    'AWS::AppSync::DataSource': { Ref: arn('appsync', `datasources/${name}`), Name: name },
    'AWS::AppSync::FunctionConfiguration': { Ref: own, FunctionId: own, Name: name, FunctionArn: arn('appsync', own) },
    'AWS::AppSync::ApiKey': { Ref: own, ApiKey: name, ApiKeyId: name },
    'AWS::DynamoDB::Table': {
      Ref: name,
      Arn: arn('dynamodb', `table/${name}`),
      StreamArn: arn('dynamodb', `table/${name}/stream`),
    },
    'AWS::DynamoDB::GlobalTable': {
      Ref: name,
      Arn: arn('dynamodb', `table/${name}`),
      StreamArn: arn('dynamodb', `table/${name}/stream`),
    },
    'AWS::Lambda::Function': { Ref: name, Arn: arn('lambda', `function:${name}`) },
    'AWS::Lambda::Alias': { Ref: String(stack.resolve(resource.Properties?.['FunctionName'])) },
    'AWS::Lambda::Version': { Ref: String(stack.resolve(resource.Properties?.['FunctionName'])) },
    'AWS::Cognito::UserPool': {
      Ref: `${region}_${own}`,
      UserPoolId: `${region}_${own}`,
      Arn: arn('cognito-idp', `userpool/${region}_${own}`),
    },
    'AWS::Cognito::UserPoolClient': { Ref: own, ClientId: own },
  };
  const attributes = known[resource.Type] ?? { Ref: own, Arn: arn('local', own) };
  return attributes[path] ?? `${own}.${path}`;
}
