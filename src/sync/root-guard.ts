import { lstatSync, opendirSync, type Stats } from 'node:fs';
import { isWithin, join, type PathBytes, toKey } from '../path-bytes.js';

/** Why nothing below a root may be checked now; see {@link rootStateText}. */
export type RootState = 'present' | 'missing' | 'not-a-directory' | 'unreadable' | 'emptied' | 'replaced';

/** One phrase for each state. */
export const rootStateText: Readonly<Record<RootState, string>> = {
  present: 'present',
  missing: 'missing (unmounted, renamed or deleted)',
  'not-a-directory': 'no longer a directory',
  unreadable: 'unreadable',
  emptied: 'suddenly empty, while csync2 knows files in it',
  replaced: 'replaced by another directory that lacks most of the known files',
};

/** A root and its state. */
export interface GuardedRoot {
  readonly path: PathBytes;
  readonly state: RootState;
}

/** What csync2 remembers, as far as the guard asks. */
export interface KnownFiles {
  countWithin(path: PathBytes, limit: number): number;
  childrenOf(directory: PathBytes, limit: number): readonly { readonly name: Buffer }[];
}

/**
 * Keeps checks away from roots that aren't there. csync2 takes every file it can't see for deleted and deletes it
 * on all peers: an unmounted disk would empty the cluster.
 */
export class RootGuard {
  readonly #known: KnownFiles | undefined;
  readonly #onChange: (root: GuardedRoot) => void;
  readonly #roots = new Map<string, { readonly path: PathBytes; state: RootState; identity?: string }>();
  readonly #allowed = new Set<string>();

  /**
   * @param roots - the outermost included directories; files and wildcard parents need no guard
   * @param known - what csync2 remembers; undefined where its database can't be read
   * @param onChange - told when a root goes or comes back
   */
  constructor(
    roots: readonly PathBytes[],
    known: KnownFiles | undefined,
    onChange: (root: GuardedRoot) => void = () => {},
  ) {
    this.#known = known;
    this.#onChange = onChange;
    for (const path of roots) this.#roots.set(toKey(path), { path, state: 'present' });
  }

  /** Looks at all roots now, and tells those whose state has changed. */
  look(): void {
    for (const [key, root] of this.#roots) {
      const seen = this.#judge(key, root.path, root.identity);
      if (seen.state === 'present' && seen.identity !== undefined) root.identity = seen.identity;
      if (seen.state === root.state) continue;
      root.state = seen.state;
      this.#onChange({ path: root.path, state: seen.state });
    }
  }

  /** Roots, with their state as of the last {@link look}. */
  states(): readonly GuardedRoot[] {
    return [...this.#roots.values()].map(({ path, state }) => ({ path, state }));
  }

  /** Whether every root is present. */
  get whole(): boolean {
    return [...this.#roots.values()].every((root) => root.state === 'present');
  }

  /**
   * Whether a check of `path` could take a guarded root for deleted. A recursive one also may not start above it.
   */
  forbids(path: PathBytes, recursive: boolean): boolean {
    for (const root of this.#roots.values()) {
      if (root.state === 'present') continue;
      if (isWithin(path, root.path) || (recursive && isWithin(root.path, path))) return true;
    }
    return false;
  }

  /** Lets an empty or replaced root pass until csync2 has taken note of it: somebody said that it is meant. */
  allow(path: PathBytes): void {
    this.#allowed.add(toKey(path));
  }

  #judge(
    key: string,
    path: PathBytes,
    identity: string | undefined,
  ): { state: RootState; identity?: string } {
    let stat: Stats | undefined;
    try {
      stat = lstatSync(path, { throwIfNoEntry: false });
    } catch {
      return { state: 'unreadable' };
    }
    if (!stat) return { state: 'missing' };
    if (!stat.isDirectory()) return { state: 'not-a-directory' };
    const now = `${stat.dev}:${stat.ino}`;
    // At the first look, too: an unmounted disk may have left a mount point with a stray file.
    const isNew = identity !== now;
    const contents = this.#contents(path, isNew);
    if (contents === 'present') this.#allowed.delete(key);
    const passes = contents === 'present' || this.#allowed.has(key);
    return passes ? { state: 'present', identity: now } : { state: contents };
  }

  #contents(path: PathBytes, isNew: boolean): RootState {
    let empty: boolean;
    try {
      empty = isEmpty(path);
    } catch {
      return 'unreadable';
    }
    if (!this.#known || (!empty && !isNew)) return 'present';
    // The root itself and one file: whoever deletes the only file means it.
    if (empty) return this.#known.countWithin(path, 3) > 2 ? 'emptied' : 'present';
    const children = spread(this.#known.childrenOf(path, childrenLimit), sampleSize);
    const there = children.filter(({ name }) => exists(join(path, name))).length;
    return there * 2 >= children.length ? 'present' : 'replaced';
  }
}

function isEmpty(path: PathBytes): boolean {
  const directory = opendirSync(path as unknown as string, { bufferSize: 1 });
  try {
    return directory.readSync() === null;
  } finally {
    directory.closeSync();
  }
}

function exists(path: PathBytes): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** Items from all over a list: names that sort together are often deleted together. */
function spread<Item>(items: readonly Item[], count: number): readonly Item[] {
  const step = Math.max(1, Math.ceil(items.length / count));
  return items.filter((_, index) => index % step === 0);
}

const childrenLimit = 5000;
const sampleSize = 200;
