import type { DocumentTerms } from '../document.js';

/** What the index keeps of a resource: enough to sort by it, to check it, and to take it out again. */
export interface IndexedDocument {
  readonly type: string;
  readonly id: string;
  readonly versionId: number;
  readonly compartments: readonly string[];
  /** Absent for a deleted resource, which is in no list. */
  readonly terms?: DocumentTerms;
}

/** A document as searches read it. */
export interface ReadDocument extends Pick<IndexedDocument, 'type' | 'id' | 'versionId' | 'compartments'> {
  /** Whether its resource is deleted: it has no terms then, and is in no list. */
  readonly isDeleted: boolean;
  /** Its terms for a parameter, by the parameter's code; undefined where it has no value. */
  termsOf(code: string): readonly string[] | undefined;
}

type Head = Omit<IndexedDocument, 'terms'>;

const termsMark = ',"terms":{';

/**
 * A document by its JSON as the index writes it: head first, then an object of lists of strings. A search asks a document for
 * one or two of some twenty lists, and a page of hits for its head, so only that is parsed.
 */
export function readDocument(text: string): ReadDocument {
  return new DocumentText(text);
}

class DocumentText implements ReadDocument {
  private readonly text: string;
  /** Where the terms begin; none of the strings before can hold the mark, whose quotes would be escaped there. */
  private readonly terms: number;
  private parsed: Head | undefined;
  /** What was asked for last: a sort and a condition mostly ask for the same. */
  private lastCode: string | undefined;
  private lastTerms: readonly string[] | undefined;

  constructor(text: string) {
    this.text = text;
    this.terms = text.indexOf(termsMark);
  }

  get isDeleted(): boolean {
    return this.terms < 0;
  }

  get type(): string {
    return this.head().type;
  }

  get id(): string {
    return this.head().id;
  }

  get versionId(): number {
    return this.head().versionId;
  }

  get compartments(): readonly string[] {
    return this.head().compartments;
  }

  termsOf(code: string): readonly string[] | undefined {
    if (code !== this.lastCode) {
      this.lastTerms = this.isDeleted ? undefined : listIn(this.text, code, this.terms + termsMark.length);
      this.lastCode = code;
    }
    return this.lastTerms;
  }

  private head(): Head {
    return (this.parsed ??= JSON.parse(this.isDeleted ? this.text : `${this.text.slice(0, this.terms)}}`) as Head);
  }
}

/** The list of strings under a name. No string holds an unescaped quote, so that only the name itself looks like it. */
function listIn(text: string, name: string, from: number): readonly string[] | undefined {
  const mark = `${JSON.stringify(name)}:[`;
  const at = text.indexOf(mark, from);
  if (at < 0) return undefined;
  const start = at + mark.length - 1;
  return JSON.parse(text.slice(start, endOfList(text, start))) as string[];
}

/** Behind the bracket that ends a list of strings. */
function endOfList(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== ']') at = text[at] === '"' ? endOfString(text, at) : at + 1;
  return at + 1;
}

/** Behind the quote that ends a string: the first one before which no odd number of backslashes stands. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}
