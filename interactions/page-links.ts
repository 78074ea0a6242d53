import { type PageBinding, type PagePlace, sealPage } from '../search/page.js';
import type { Match } from './matches.js';
import type { SearchPage } from './search-page.js';

/** What was found for a page. */
export interface FoundPage {
  readonly matches: readonly Match[];
  readonly more: boolean;
  readonly offset: number;
  readonly total: number | undefined;
}

/** What links of a page are sealed with. */
export interface PageSeal {
  readonly key: Uint8Array;
  readonly binding: PageBinding;
  readonly place: PagePlace;
}

/**
 * The links of a page: each is sealed when it is first asked for, since most faces show few of them. Getters of a class:
 * of those defined on each object V8 keeps the first ones, and with them the whole page, in its old space until that is
 * collected.
 */
export class PageLinks implements Required<SearchPage['links']> {
  private readonly seal: PageSeal;
  private readonly found: FoundPage;
  private sealedFirst: string | undefined;
  private sealedPrevious: string | undefined;
  private sealedNext: string | undefined;
  private sealedLast: string | undefined;

  constructor(seal: PageSeal, found: FoundPage) {
    this.seal = seal;
    this.found = found;
  }

  get first(): string {
    return (this.sealedFirst ??= this.sealed({ offset: 0 }));
  }

  get previous(): string | undefined {
    const { matches, more, offset } = this.found;
    const { count, backwards = false } = this.seal.place;
    const head = matches[0];
    if (backwards ? !more : offset <= 0) return undefined;
    if (head === undefined) return this.first;
    // What is before this page and no more, however many a client asks for then: none is passed over, none comes twice.
    const size = offset > 0 && offset < count ? { size: offset } : {};
    const before = { offset: Math.max(0, offset - count), ...size, after: head.hit.position };
    return (this.sealedPrevious ??= this.sealed({ ...before, backwards: true }));
  }

  get next(): string | undefined {
    const { matches, more, offset } = this.found;
    const { after, backwards = false } = this.seal.place;
    const tail = matches.at(-1);
    if (tail === undefined || !(backwards ? after !== undefined : more)) return undefined;
    return (this.sealedNext ??= this.sealed({ offset: offset + matches.length, after: tail.hit.position }));
  }

  get last(): string | undefined {
    const { total = 0 } = this.found;
    const { count } = this.seal.place;
    if (total === 0) return undefined;
    if (total <= count) return this.first;
    const size = total % count === 0 ? count : total % count;
    return (this.sealedLast ??= this.sealed({ offset: total - size, backwards: true, size }));
  }

  private sealed(page: Omit<PagePlace, 'query' | 'count'>): string {
    const { key, binding, place } = this.seal;
    return sealPage(key, binding, { query: place.query, count: place.count, ...page });
  }
}
