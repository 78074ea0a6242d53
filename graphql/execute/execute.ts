import { OperationOutcomeError } from '../../fhir/outcome.js';
import { parseReference } from '../../fhir/reference.js';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import { inParallel } from '../../interactions/parallel.js';
import { read } from '../../interactions/read.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import { failureAt, type GraphqlFailure, GraphqlRefusal, isOfAbsence } from '../failure.js';
import type { GraphqlLimits } from '../limits.js';
import type { FieldContent, FieldPlan } from '../plan/field-plan.js';
import type { JsonObject } from '../variables.js';
import type { SearchPlan } from '../plan/search-plan.js';
import { Cost } from './cost.js';
import { isJoinable, joinedLists, type JoinedLists } from './joined-lists.js';
import { mutate } from './mutations.js';
import { readTargets, type Target, targetOf, unresolved } from './references.js';
import { ResourceReads } from './resource-reads.js';
import { ObjectResult } from './result.js';
import { connectionPage, listMatches, matching } from './searches.js';
import { type StoredMember, Walk, type Waiting } from './walk.js';

/** So many searches of one level run at the same time. */
const atOnce = 8;

/** What was found, and what went wrong. */
export interface Executed {
  readonly result: ObjectResult;
  readonly failures: readonly GraphqlFailure[];
}

/** A field that waits, with its content told apart. */
type WaitingFor<Kind extends FieldContent['kind']> = Waiting & {
  readonly content: Extract<FieldContent, { readonly kind: Kind }>;
};

/**
 * Answers fields level by level: what is referred to on a level is read in one batch, each resource once in a request.
 * A level on which something fails is the last one, unless nothing is wrong but that something is not there, and nulls
 * can say so.
 */
export class Execution {
  private readonly server: FhirServer;
  private readonly caller: Caller;
  private readonly cost: Cost;
  private readonly reads: ResourceReads;
  private readonly nulls: boolean | undefined;
  private failures: GraphqlFailure[] = [];

  /** @param nulls whether what is not there is null in the answer; undefined where failures decide that. */
  constructor(server: FhirServer, caller: Caller, limits: GraphqlLimits, nulls?: boolean) {
    this.nulls = nulls;
    this.server = server;
    this.caller = caller;
    this.cost = new Cost(limits);
    this.reads = new ResourceReads(server, caller, this.cost);
  }

  /** The fields of a query on the whole system. */
  query(fields: readonly FieldPlan[]): Promise<Executed> {
    return this.from((walk) => walk.object({}, undefined, fields, undefined));
  }

  /**
   * The fields of a query on one resource. https://hl7.org/fhir/R4/graphql.html#invoking
   * @throws OperationOutcomeError as `read`.
   */
  async instance(key: ResourceKey, fields: readonly FieldPlan[]): Promise<Executed> {
    const member = this.reads.member(await read(this.server, this.caller, key));
    return this.from((walk) => walk.storedObject(member, fields));
  }

  /** The fields of a query on a resource that is at hand, such as an operation's answer. */
  resource(resource: JsonObject, type: string, fields: readonly FieldPlan[]): Promise<Executed> {
    return this.from((walk) => walk.object(resource, type, fields, { resource, container: resource }));
  }

  /**
   * Mutations, one after the other; one that fails does not undo those before it, and does not keep the next from being
   * done.
   * @param mask makes a failure of what nobody expected: what was done before must be told.
   */
  async mutations(
    fields: readonly FieldPlan[],
    mask: (error: unknown) => OperationOutcomeError,
  ): Promise<Executed & { readonly done: number }> {
    const result = new ObjectResult();
    const failures: GraphqlFailure[] = [];
    let done = 0;
    for (const plan of fields) {
      const found = { plan, items: [] as unknown[] };
      result.fields.push(found);
      this.failures = [];
      await this.attempt(plan, [plan.key], async () => {
        const { content } = plan;
        if (content.kind === 'constant') found.items.push(content.value);
        if (content.kind !== 'write') return;
        const members = await masked(mask, () => mutate(this.server, this.caller, this.reads, content.write));
        done += 1;
        this.reads.forget();
        await masked(mask, async () => {
          const walk = this.walk([plan.key]);
          found.items.push(walk.object(members, undefined, content.fields, undefined));
          await this.levels(walk.waiting);
          this.failures = this.failures.map((each) => ({ ...each, error: withDone(each.error, members['location']) }));
        }).catch((error: unknown) => {
          throw toldAsDone(error, members);
        });
      });
      failures.push(...this.failures);
    }
    return { result, failures, done };
  }

  private walk(path: readonly (string | number)[]): Walk {
    return new Walk(this.server.definitions, this.cost, path, this.nulls);
  }

  private async from(begin: (walk: Walk) => ObjectResult): Promise<Executed> {
    const walk = this.walk([]);
    const result = begin(walk);
    await this.levels(walk.waiting);
    return { result, failures: this.failures };
  }

  private async levels(first: readonly Waiting[]): Promise<void> {
    let level = first;
    while (level.length > 0 && !this.isOver()) level = await this.level(level);
  }

  /** Whether what failed leaves nothing to be told. */
  private isOver(): boolean {
    return this.failures.length > 0 && !(this.nulls === true && this.failures.every(isOfAbsence));
  }

  /** Reads what fields of one level wait for. @returns those of the next. */
  private async level(waiting: readonly Waiting[]): Promise<readonly Waiting[]> {
    const next: Waiting[] = [];
    const of = <Kind extends FieldContent['kind']>(kind: Kind): WaitingFor<Kind>[] =>
      waiting.flatMap((each) =>
        each.plan.content.kind === kind ? [{ content: each.plan.content, ...each } as WaitingFor<Kind>] : [],
      );
    await this.resources(of('read'), next);
    await this.targets(of('target'), next);
    const searches = of('search');
    const joined = await this.joined(searches);
    await inParallel(searches, atOnce, (each) => this.search(each, joined.get(each.content.search), next));
    return next;
  }

  /** The lists that stand in several resources of this level, each found by few searches. */
  private async joined(waiting: readonly WaitingFor<'search'>[]): Promise<ReadonlyMap<SearchPlan, JoinedLists>> {
    const parents = new Map<SearchPlan, ResourceKey[]>();
    for (const { content, owner } of waiting) {
      if (!isJoinable(content.search) || owner?.stored === undefined) continue;
      const keys = parents.get(content.search);
      if (keys === undefined) parents.set(content.search, [owner.stored]);
      else keys.push(owner.stored);
    }
    const found = new Map<SearchPlan, JoinedLists>();
    const several = [...parents].filter(([, keys]) => keys.length > 1);
    await inParallel(several, atOnce, async ([plan, keys]) => {
      const lists = await joinedLists(this.server, this.caller, plan, keys);
      if (lists !== undefined) found.set(plan, lists);
    });
    return found;
  }

  private async resources(waiting: readonly WaitingFor<'read'>[], next: Waiting[]): Promise<void> {
    // A single one is read by itself below, which also says why there is none.
    if (waiting.length > 1) {
      const [first] = waiting;
      await this.attempt(first?.plan, first?.path ?? [], () =>
        this.reads.readMany(waiting.map(({ content }) => content.target)),
      );
    }
    if (this.isOver()) return;
    for (const each of waiting) {
      const { plan, path, content } = each;
      await this.attempt(plan, path, async () => {
        const known = this.reads.known(content.target);
        const member = known ?? this.reads.member(await read(this.server, this.caller, content.target));
        this.show(each, [member], content.fields, next);
      });
    }
  }

  private async targets(waiting: readonly WaitingFor<'target'>[], next: Waiting[]): Promise<void> {
    const wanted: { readonly each: WaitingFor<'target'>; readonly target: Target }[] = [];
    for (const each of waiting) {
      if (each.owner === undefined || isOfOtherType(each.object, each.content.type)) continue;
      wanted.push({ each, target: targetOf(this.caller, each.object, each.owner, each.content.type) });
    }
    const [first] = wanted;
    if (first === undefined) return;
    await this.attempt(first.each.plan, first.each.path, async () => {
      const targets = wanted.map(({ target }) => target);
      const found = await readTargets(this.server, this.caller, this.reads, targets);
      for (const [place, { each }] of wanted.entries()) {
        await this.attempt(each.plan, each.path, () => {
          this.showTarget(each, found[place], next);
        });
      }
    });
  }

  private showTarget(
    each: WaitingFor<'target'>,
    found: Awaited<ReturnType<typeof readTargets>>[number],
    next: Waiting[],
  ): void {
    const { content, object, path, result } = each;
    const { optional, selection, type: wanted } = content;
    if (found === undefined) {
      if (optional) return;
      throw unresolved(object);
    }
    const type = found.resource['resourceType'];
    if (typeof type !== 'string' || (wanted !== undefined && type !== wanted)) return;
    const walk = this.walk(path);
    const shown =
      found.kind === 'stored'
        ? walk.stored(found, selection(type), each.plan.layout)
        : walk.inside(found.resource, selection, found.owner);
    if (shown === undefined) return;
    result.items.push(shown);
    walk.suffix(result, found.resource, undefined, 0, undefined);
    next.push(...walk.waiting);
  }

  private async search(each: WaitingFor<'search'>, joined: JoinedLists | undefined, next: Waiting[]): Promise<void> {
    const { plan, path, content, owner, result } = each;
    const { search, fields } = content;
    const { server, caller, reads } = this;
    const referredTo = owner?.stored;
    // Nothing refers to a resource inside another one, though one with its id may be stored.
    if (search.referring !== undefined && referredTo === undefined) {
      if (search.kind === 'connection') this.showObject(each, { edges: [] }, next);
      return;
    }
    await this.attempt(plan, path, async () => {
      this.cost.add('searches', 1);
      if (search.kind === 'list') {
        const known = referredTo === undefined ? undefined : joined?.get(keyText(referredTo));
        const found =
          known === undefined
            ? await listMatches(server, caller, reads, search, referredTo)
            : matching(server, reads, search, known);
        this.show(each, plan.layout.first ? found.slice(0, 1) : found, fields, next);
        return;
      }
      const isCounted = fields.some(({ name }) => name === 'count');
      const page = await connectionPage(server, caller, reads, search, { isCounted, referredTo });
      this.showObject(each, page, next);
      if (result.suffixes !== undefined) result.suffixes.push('');
    });
  }

  private showObject({ path, result, content }: WaitingFor<'search'>, object: JsonObject, next: Waiting[]): void {
    const walk = this.walk(path);
    result.items.push(walk.object(object, undefined, content.fields, undefined));
    next.push(...walk.waiting);
  }

  private show(
    { plan, path, result }: Waiting,
    members: readonly StoredMember[],
    fields: readonly FieldPlan[],
    next: Waiting[],
  ): void {
    for (const [index, member] of members.entries()) {
      const walk = this.walk(plan.isList ? [...path, index] : path);
      result.items.push(walk.stored(member, fields, plan.layout));
      walk.suffix(result, member.resource, undefined, index, undefined);
      next.push(...walk.waiting);
    }
  }

  /** Does it; an expected failure is the field's. */
  private async attempt(
    plan: FieldPlan | undefined,
    path: readonly (string | number)[],
    work: () => Promise<void> | void,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof GraphqlRefusal) this.failures.push(...error.failures);
      else if (error instanceof OperationOutcomeError) this.failures.push(failureAt(error, path, plan?.nodes ?? []));
      else throw error;
    }
  }
}

/** Whether a reference names another type than the one asked for: it need not be read. */
function isOfOtherType({ reference }: JsonObject, wanted: string | undefined): boolean {
  if (wanted === undefined || typeof reference !== 'string') return false;
  const parsed = parseReference(reference);
  return (parsed.kind === 'relative' || parsed.kind === 'absolute') && parsed.type !== wanted;
}

async function masked<Result>(
  mask: (error: unknown) => OperationOutcomeError,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof OperationOutcomeError || error instanceof GraphqlRefusal ? error : mask(error);
  }
}

/** A failure of showing what was written does not mean that it was not written. */
function toldAsDone(error: unknown, { location }: JsonObject): unknown {
  if (error instanceof GraphqlRefusal) {
    return new GraphqlRefusal(error.failures.map((each) => ({ ...each, error: withDone(each.error, location) })));
  }
  return error instanceof OperationOutcomeError ? withDone(error, location) : error;
}

function withDone(error: OperationOutcomeError, location: unknown): OperationOutcomeError {
  const diagnostics = `The mutation itself was done${typeof location === 'string' ? `: ${location}` : ''}`;
  return error.withIssues([...error.issues, { severity: 'information', code: 'informational', diagnostics }]);
}
