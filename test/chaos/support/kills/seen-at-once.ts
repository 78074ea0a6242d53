import type { EmbeddedServer } from '../../../../local/compose.js';
import type { UnknownCommit, Writer } from './life.js';
import { readItems } from './store-state.js';

/** A commit whose answer did not come, and whether readers had it right after the kill. */
export interface Seen extends UnknownCommit {
  readonly isThere: boolean;
}

/**
 * Reads what commits wrote whose answer did not come, as readers have it while what was left of them is still open: all of a
 * commit, or nothing of it.
 * @returns of each commit whether it is there; what is wrong; and whether any was left open.
 */
export async function seenAtOnce(
  servers: Readonly<Record<Writer['version'], Pick<EmbeddedServer, 'store' | 'table'>>>,
  left: readonly UnknownCommit[],
): Promise<{ readonly seen: readonly Seen[]; readonly wrong: readonly string[]; readonly isOpen: boolean }> {
  const seen: Seen[] = [];
  const wrong: string[] = [];
  let isOpen = false;
  for (const { writer, commit } of left) {
    const { store, table } = servers[writer.version];
    const items = await readItems({ table });
    isOpen ||= items.wrong.length > 0;
    const places = commit.writes.flatMap(({ type, id, label = '' }) => {
      const found = id ?? items.idOf.get(label);
      return found === undefined ? [] : [{ type, id: found }];
    });
    const news: boolean[] = [];
    for (let from = 0; from < places.length; from += 100) {
      const keys = places.slice(from, from + 100);
      for (const [at, version] of (await store.readMany(keys)).entries()) {
        const { type, id } = keys[at] ?? { type: '', id: '' };
        const known = writer.pool.versions.get(`${type}/${id}`)?.length ?? 0;
        const more = (version?.versionId ?? 0) - known;
        if (more !== 0 && more !== 1) wrong.push(`${commit.mark}: ${type}/${id} is ${String(more)} versions ahead`);
        news.push(more === 1);
      }
    }
    const isThere = news.includes(true);
    if (isThere && (news.includes(false) || news.length < commit.writes.length)) {
      const count = news.filter(Boolean).length;
      wrong.push(`${commit.mark}: readers have ${String(count)} of ${String(commit.writes.length)} entries`);
    }
    seen.push({ writer, commit, isThere });
  }
  return { seen, wrong, isOpen };
}
