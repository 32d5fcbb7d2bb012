import type { Runner } from '../run/runner.js';

/**
 * What is pending for each peer, by csync2's own listing (`csync2 -M`): the way to it where the
 * database is in PostgreSQL or MySQL. Files that no group covers any more are not shown.
 *
 * @param onRow - given each row: the peer, and the name as csync2 has it, one character a byte; of
 *   a name with a newline
 * only a part, and of a name that looks like a row one more
 * @returns the number of files by peer, or undefined if csync2 could not tell
 */
export async function listDirty(
  runner: Runner,
  onRow: (peer: string, name: string) => void = () => {},
): Promise<ReadonlyMap<string, number> | undefined> {
  const counter = new DirtyCounter(onRow);
  const result = await runner.run({
    mode: ['-M'],
    stallSeconds: 60,
    onOutput: (chunk) => counter.add(chunk),
  });
  const isListed = result.outcome === 'done' || result.exitCode === nothingToList;
  return isListed ? counter.byPeer : undefined;
}

/**
 * Counts the rows of a listing: `chary|force<TAB>my name<TAB>peer<TAB>file`. A file name may hold
 * newlines and tabs, even a whole row, so that a count can be too high, never too low.
 */
export class DirtyCounter {
  readonly byPeer = new Map<string, number>();
  readonly #onRow: (peer: string, name: string) => void;
  #pending = '';

  constructor(onRow: (peer: string, name: string) => void = () => {}) {
    this.#onRow = onRow;
  }

  add(chunk: Buffer): void {
    const lines = (this.#pending + chunk.toString('latin1')).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) {
      const [, peer, name] = /^(?:chary|force)\t[^\t]*\t([^\t]+)\t(.*)/.exec(line) ?? [];
      if (peer === undefined || name === undefined) continue;
      this.byPeer.set(peer, (this.byPeer.get(peer) ?? 0) + 1);
      this.#onRow(peer, name);
    }
  }
}

const nothingToList = 2;
