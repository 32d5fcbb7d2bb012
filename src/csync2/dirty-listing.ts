import type { Runner } from './runner.js';

/**
 * What is owed to each peer, by csync2's own listing (`csync2 -M`): the way to the debt where it lies in PostgreSQL
 * or MySQL. Files that no group covers any more are not shown.
 *
 * @returns the number of files by peer, or undefined if csync2 could not tell
 */
export async function listDirty(runner: Runner): Promise<ReadonlyMap<string, number> | undefined> {
  const counter = new DirtyCounter();
  const result = await runner.run({
    mode: ['-M'],
    stallSeconds: 60,
    onOutput: (chunk) => counter.add(chunk),
  });
  const isListed = result.outcome === 'done' || result.exitCode === nothingToList;
  return isListed ? counter.byPeer : undefined;
}

/**
 * Counts the rows of a listing: `chary|force<TAB>my name<TAB>peer<TAB>file`. A file name may hold newlines and tabs,
 * even a whole row, so that a count can be too high, never too low.
 */
export class DirtyCounter {
  readonly byPeer = new Map<string, number>();
  #pending = '';

  add(chunk: Buffer): void {
    const lines = (this.#pending + chunk.toString('latin1')).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) {
      const row = /^(?:chary|force)\t[^\t]*\t([^\t]+)\t/.exec(line);
      if (row) this.byPeer.set(row[1] as string, (this.byPeer.get(row[1] as string) ?? 0) + 1);
    }
  }
}

const nothingToList = 2;
