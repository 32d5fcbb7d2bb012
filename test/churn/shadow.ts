import type { BigIntStats } from 'node:fs';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs';
import type { NativeSelection } from '#src/native/selection.js';
import type { QueueEntry } from '#src/queue/entry.js';
import {
  display,
  fromKey,
  isWithin,
  join,
  type PathBytes,
  type PathKey,
  parentOf,
  toKey,
} from '#src/text/path-bytes.js';

/** What a path is, in one line: type, mode, time of a file, and content or target. */
export type Description = string;

/**
 * A copy of a tree that learns of changes from records alone, as csync2's database does: a flat
 * list of paths, in which a `file` record renews one path and nothing below it.
 */
export class Shadow {
  readonly #root: PathBytes;
  readonly #selection: NativeSelection;
  readonly entries = new Map<PathKey, Description>();
  /** Records of paths outside the root; there should be none. */
  readonly foreign: string[] = [];

  constructor(root: PathBytes, selection: NativeSelection) {
    this.#root = root;
    this.#selection = selection;
  }

  apply(entry: QueueEntry): void {
    if (entry.kind === 'loss') this.copyAll();
    else if (!isWithin(entry.path, this.#root)) this.foreign.push(display(entry.path));
    else if (entry.kind === 'file') this.#renew(entry.path);
    else if (entry.kind === 'touch') this.#touch(entry.path);
    else this.#renewTree(entry.path);
  }

  copyAll(): void {
    this.#renewTree(this.#root);
  }

  /** How the real tree differs, for people. */
  differences(): string[] {
    const real = listing(this.#root, this.#selection);
    const found: string[] = [];
    for (const [key, description] of real) {
      const copied = this.entries.get(key);
      if (copied === undefined) found.push(`${this.#shown(key)}: never copied, is ${description}`);
      else if (copied !== description)
        found.push(`${this.#shown(key)}: copied ${copied}, is ${description}`);
    }
    for (const [key, description] of this.entries) {
      if (!real.has(key)) found.push(`${this.#shown(key)}: copied ${description}, is gone`);
    }
    return found;
  }

  /**
   * Whether no directory above is a symbolic link: csync2 takes everything behind one for removed.
   */
  #isReached(path: PathBytes): boolean {
    for (let at = path; at.length > this.#root.length; ) {
      at = parentOf(at);
      const above = at;
      if (!unlessGone(() => lstatSync(above).isDirectory(), false)) return false;
    }
    return true;
  }

  #shown(key: PathKey): string {
    return `root${display(fromKey(key.slice(toKey(this.#root).length)))}`;
  }

  #renew(path: PathBytes): void {
    const description =
      this.#selection.explain(path) === 2 && this.#isReached(path) ? describe(path) : undefined;
    if (description === undefined) this.entries.delete(toKey(path));
    else this.entries.set(toKey(path), description);
  }

  /**
   * What has been copied keeps its content: a touch must not be the only record that tells of
   * another one.
   */
  #touch(path: PathBytes): void {
    const copied = /^(file )(.*)( with .*)$/s.exec(this.entries.get(toKey(path)) ?? '');
    this.#renew(path);
    const renewed = /^(file )(.*)( with .*)$/s.exec(this.entries.get(toKey(path)) ?? '');
    if (copied && renewed) this.entries.set(toKey(path), `file ${renewed[2]}${copied[3]}`);
  }

  #renewTree(path: PathBytes): void {
    const top = toKey(path);
    for (const key of this.entries.keys()) {
      if (key === top || key.startsWith(`${top}/`)) this.entries.delete(key);
    }
    if (!this.#isReached(path)) return;
    for (const [key, description] of listing(path, this.#selection))
      this.entries.set(key, description);
  }
}

/** The directories of a tree that are to be watched, its root included. */
export function directoriesOf(root: PathBytes, selection: NativeSelection): number {
  return [...listing(root, selection).values()].filter((description) =>
    description.startsWith('directory'),
  ).length;
}

/** Everything of a tree that the selection selects; empty if it isn't there. */
function listing(top: PathBytes, selection: NativeSelection): Map<PathKey, Description> {
  const found = new Map<PathKey, Description>();
  const below = [top];
  for (let path = below.pop(); path; path = below.pop()) {
    if (selection.explain(path) !== 2) continue;
    const description = describe(path);
    if (description === undefined) continue;
    found.set(toKey(path), description);
    if (!description.startsWith('directory')) continue;
    const directory = path;
    below.push(
      ...unlessGone(() => readdirSync(directory, 'buffer'), []).map((name) =>
        join(directory, name),
      ),
    );
  }
  return found;
}

function describe(path: PathBytes): Description | undefined {
  const status = unlessGone(() => lstatSync(path, { bigint: true }), undefined);
  if (!status) return undefined;
  const mode = (status.mode & 0o7777n).toString(8);
  if (status.isDirectory()) return `directory ${mode}`;
  if (status.isSymbolicLink()) {
    const target = unlessGone(() => readlinkSync(path, 'buffer'), undefined);
    return target && `symlink to ${display(target)}`;
  }
  if (status.isFIFO()) return `fifo ${mode}`;
  return describeFile(path);
}

/** Status and content of one and the same file, whatever happens to its name meanwhile. */
function describeFile(path: PathBytes): Description | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = unlessGone(() => openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK), undefined);
  if (file === undefined) return undefined;
  try {
    const status: BigIntStats = fstatSync(file, { bigint: true });
    if (!status.isFile()) return `changing ${status.mode.toString(8)}`;
    const mode = (status.mode & 0o7777n).toString(8);
    return `file ${mode} of ${status.mtimeNs} with ${JSON.stringify(readFileSync(file, 'latin1'))}`;
  } finally {
    closeSync(file);
  }
}

const gone = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO', 'ENAMETOOLONG']);

function unlessGone<T, E>(look: () => T, otherwise: E): T | E {
  try {
    return look();
  } catch (error) {
    if (gone.has((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}
