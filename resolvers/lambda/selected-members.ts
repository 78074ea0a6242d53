import { Remembered } from '../../fhir/remembered.js';
import type { AskedSelection } from '../interaction-request.js';

/** A selection set, as far as it counts here: what is selected below each field's own name, whatever its alias. */
interface Selected {
  readonly fields: Map<string, Selected>;
  /** Whether a fragment stands in it whose text is not at hand. */
  isOpen: boolean;
  /** The names of its fields, once somebody asked for them. */
  members?: ReadonlySet<string>;
}

/** What a text selects, and the paths of its fields by their names in the answer: `page/it/id`. */
interface SelectedText extends Selected {
  readonly paths: ReadonlySet<string>;
}

const remembered = new Remembered<SelectedText>();

/**
 * The members of a resource that a selection may show, fragments on any type put in.
 * @param selection as AppSync tells it.
 * @param path the fields that lead from it to the resources: `['edges', 'resource']`.
 * @returns the same set for the same text; undefined when all may be shown: without a selection, where a named fragment stands in its text, whose fields
 * are not there, and where the text does not have all that the paths have.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html
 */
export function selectedMembers(
  selection: AskedSelection | undefined,
  path: readonly string[] = [],
): ReadonlySet<string> | undefined {
  const text = selection === undefined ? undefined : selectedOf(selection.text);
  if (text === undefined || selection?.paths.every((each) => text.paths.has(each)) !== true) return undefined;
  let at: Selected = text;
  for (const name of path) {
    if (at.isOpen) return undefined;
    at = at.fields.get(name) ?? { fields: new Map(), isOpen: false };
  }
  return at.isOpen ? undefined : (at.members ??= new Set(at.fields.keys()));
}

/**
 * Whether a field may be selected at the top of a selection, under whatever name: one that stands in a named fragment is
 * told by its name in the answer only.
 */
export function maySelect(selection: AskedSelection | undefined, name: string): boolean {
  if (selection === undefined) return false;
  const text = selectedOf(selection.text);
  if (text === undefined || text.fields.has(name)) return true;
  return text.isOpen && selection.paths.some((path) => !path.includes('/') && !text.paths.has(path));
}

function selectedOf(text: string): SelectedText | undefined {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const selected = new Reader(text).all();
  if (selected !== undefined) remembered.set(text, selected);
  return selected;
}

const tokens = /"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\])*"|[A-Za-z_]\w*|\.\.\.|[^\s,]/g;
const isName = (token: string | undefined): token is string => token !== undefined && /^[A-Za-z_]/.test(token);

/** Reads valid selection sets; what it does not understand makes all members count. */
class Reader {
  private readonly tokens: readonly string[];
  private place = 0;
  private readonly paths = new Set<string>();
  private readonly path: string[] = [];

  constructor(text: string) {
    this.tokens = text.match(tokens) ?? [];
  }

  /** All sets of the text together: a field may be selected several times. */
  all(): SelectedText | undefined {
    const selected = { fields: new Map<string, Selected>(), isOpen: false, paths: this.paths };
    while (this.place < this.tokens.length) if (!this.set(selected)) return undefined;
    return selected;
  }

  private set(into: Selected): boolean {
    if (!this.take('{')) return false;
    while (!this.take('}')) {
      if (!(this.take('...') ? this.fragment(into) : this.field(into))) return false;
    }
    return true;
  }

  private field(into: Selected): boolean {
    const key = this.next();
    const name = this.take(':') ? this.next() : key;
    if (key === undefined || !isName(name) || !this.rest()) return false;
    const known = into.fields.get(name) ?? { fields: new Map<string, Selected>(), isOpen: false };
    into.fields.set(name, known);
    this.path.push(key);
    this.paths.add(this.path.join('/'));
    const isRead = this.peek() !== '{' || this.set(known);
    this.path.pop();
    return isRead;
  }

  private fragment(into: Selected): boolean {
    if (this.take('on')) {
      if (!isName(this.next())) return false;
    } else if (isName(this.peek())) {
      into.isOpen = true;
      this.next();
      return this.rest();
    }
    return this.rest() && this.set(into);
  }

  /** Passes over arguments and directives. */
  private rest(): boolean {
    if (!this.arguments()) return false;
    while (this.take('@')) {
      if (!isName(this.next()) || !this.arguments()) return false;
    }
    return true;
  }

  private arguments(): boolean {
    if (!this.take('(')) return true;
    for (let depth = 1; depth > 0;) {
      const token = this.next();
      if (token === undefined) return false;
      if (token === '(') depth += 1;
      if (token === ')') depth -= 1;
    }
    return true;
  }

  private peek(): string | undefined {
    return this.tokens[this.place];
  }

  private next(): string | undefined {
    const token = this.tokens[this.place];
    this.place += 1;
    return token;
  }

  private take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.place += 1;
    return true;
  }
}
