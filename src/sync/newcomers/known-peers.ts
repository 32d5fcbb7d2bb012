import { readFileSync } from 'node:fs';
import { replaceFile } from '../../state/replace-file.js';

/**
 * Which peers have had their first comparison. A host that is added to csync2.cfg later lacks
 * everything that its peers already know, and csync2 itself marks nothing for it.
 */
export class KnownPeers {
  readonly #file: string;
  readonly #known: Set<string>;

  private constructor(file: string, known: Iterable<string>) {
    this.#file = file;
    this.#known = new Set(known);
  }

  /**
   * Reads the list. If there is none yet, the present peers count as known, because their trees
   * were made equal when the cluster was set up.
   */
  static open(file: string, present: readonly string[]): KnownPeers {
    const names = readNames(file);
    const known = new KnownPeers(file, names ?? present);
    if (!names) known.#save();
    return known;
  }

  /** The new peers among `peers`. */
  newOf(peers: readonly string[]): string[] {
    return peers.filter((peer) => !this.#known.has(peer));
  }

  add(peer: string): void {
    this.#known.add(peer);
    this.#save();
  }

  /**
   * Forgets all peers but these, so that a peer that comes back later is new again. Returns the
   * forgotten ones.
   */
  keep(peers: readonly string[]): string[] {
    const gone = [...this.#known].filter((peer) => !peers.includes(peer));
    for (const peer of gone) this.#known.delete(peer);
    if (gone.length > 0) this.#save();
    return gone;
  }

  #save(): void {
    replaceFile(this.#file, `${JSON.stringify([...this.#known])}\n`);
  }
}

function readNames(file: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : undefined;
  } catch {
    // A missing or damaged list counts as none.
    return undefined;
  }
}
