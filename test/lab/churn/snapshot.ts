/** Reads trees as csync2 keeps them, again and again, and tells how they differ. */
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs';

/** What is at a path, as far as csync2 carries it over. */
export interface Entry {
  readonly type: 'file' | 'folder' | 'link' | 'fifo' | 'other';
  readonly mode: string;
  readonly owner: string;
  /** Digest of a file, target of a link. */
  readonly content: string;
  /** Of a file, in whole seconds. */
  readonly time: string;
}

/** By path below the tree, one character a byte. */
export type Tree = ReadonlyMap<string, Entry>;

/** How one path differs. */
export interface Difference {
  readonly path: string;
  /** What is different: `missing` on some hosts, or the first of the properties that differ. */
  readonly kind: 'missing' | 'type' | 'content' | 'target' | 'mode' | 'owner' | 'time';
  readonly type: Entry['type'];
  /** What each tree has. */
  readonly texts: readonly string[];
}

/** Reads one tree; remembers digests, so that a second look costs little. */
export class Reader {
  readonly #root: Buffer;
  readonly #digests = new Map<string, string>();

  constructor(root: string) {
    this.#root = Buffer.from(root);
  }

  /**
   * What vanishes meanwhile is left out. Names in `ignored` are passed over just below the root.
   */
  read(ignored: ReadonlySet<string> = new Set()): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    const below: Buffer[] = [this.#root];
    for (let at = below.pop(); at; at = below.pop()) {
      for (const name of namesIn(at)) {
        const path = Buffer.concat([at, slash, name]);
        const key = path.subarray(this.#root.length + 1).toString('latin1');
        if (ignored.has(key)) continue;
        const entry = this.#entry(path);
        if (!entry) continue;
        entries.set(key, entry);
        if (entry.type === 'folder') below.push(path);
      }
    }
    return entries;
  }

  #entry(path: Buffer): Entry | undefined {
    const stat = unlessGone(() => lstatSync(path, { bigint: true }));
    if (!stat) return undefined;
    const mode = (stat.mode & 0o7777n).toString(8);
    const owner = `${stat.uid}:${stat.gid}`;
    if (stat.isSymbolicLink()) {
      const content = unlessGone(() => readlinkSync(path, 'buffer'))?.toString('latin1');
      return content === undefined ? undefined : { type: 'link', mode, owner, content, time: '' };
    }
    if (stat.isFile()) {
      const content = this.#digest(path, stat);
      if (content === undefined) return undefined;
      return { type: 'file', mode, owner, content, time: String(stat.mtimeNs / 1_000_000_000n) };
    }
    const type = stat.isDirectory() ? 'folder' : stat.isFIFO() ? 'fifo' : 'other';
    return { type, mode, owner, content: '', time: '' };
  }

  #digest(path: Buffer, stat: BigIntStats): string | undefined {
    const key = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
    const known = this.#digests.get(key);
    if (known) return known;
    const content = unlessGone(() => readRegular(path));
    if (!content) return undefined;
    const head = content.subarray(0, content.indexOf(10)).subarray(0, 16).toString('latin1');
    const digest = `${content.length} bytes ${JSON.stringify(head)} ${createHash('sha1').update(content).digest('hex').slice(0, 12)}`;
    // What is written at this moment may change once more without another time.
    if (Date.now() * 1_000_000 - Number(stat.ctimeNs) > 100_000_000) this.#digests.set(key, digest);
    return digest;
  }
}

/** What differs between trees, by path. */
export function differencesOf(
  trees: readonly Tree[],
  properties: readonly Property[] = compared,
): Difference[] {
  const paths = new Set(trees.flatMap((tree) => [...tree.keys()]));
  const found: Difference[] = [];
  for (const path of paths) {
    const entries = trees.map((tree) => tree.get(path));
    const known = entries.filter((entry) => entry !== undefined);
    const [first, ...others] = known;
    if (!first) continue;
    const property = properties.find((name) => others.some((other) => other[name] !== first[name]));
    const kind = known.length < trees.length ? 'missing' : kindOf(property, first);
    if (kind) found.push({ path, kind, type: first.type, texts: entries.map(textOf) });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

type Property = 'type' | 'content' | 'mode' | 'owner' | 'time';

/** The properties that do not depend on when something was done. */
export const timeless: readonly Property[] = ['type', 'content', 'mode', 'owner'];

/** In this order one is named. */
const compared: readonly Property[] = [...timeless, 'time'];

function kindOf(property: Property | undefined, { type }: Entry): Difference['kind'] | undefined {
  return property === 'content' && type === 'link' ? 'target' : property;
}

function textOf(entry: Entry | undefined): string {
  if (!entry) return 'nothing';
  const { type, mode, owner, content, time } = entry;
  const rest = [content, time && `time ${time}`].filter(Boolean).join(' ');
  return `${type} ${mode} ${owner}${rest && ` ${rest}`}`;
}

/** Undefined if it is no regular file any more: a FIFO would block. */
function readRegular(path: Buffer): Buffer | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return fstatSync(file).isFile() ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}

const slash = Buffer.from('/');
const gone = new Set(['ENOENT', 'ENOTDIR', 'EINVAL', 'ELOOP', 'EISDIR', 'ENXIO', 'ESTALE']);

function namesIn(directory: Buffer): Buffer[] {
  return unlessGone(() => readdirSync(directory, { encoding: 'buffer' })) ?? [];
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (gone.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
