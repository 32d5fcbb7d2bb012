import type { Runner } from '../run/runner.js';

/**
 * Lists what is pending for each peer with `csync2 -M`, which also works with a database in
 * PostgreSQL or MySQL. Files that no group covers any more are not shown.
 *
 * @param onRow - called with the peer and csync2's name of each row, one character a byte; a name
 *   with a newline is cut short, and a name that looks like a row yields one more row
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
 * newlines and tabs, even a whole row, so a count can be too high, but never too low.
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
