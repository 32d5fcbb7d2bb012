import { isWithin, toKey } from '../../text/path-bytes.js';
import type { CsyncConfig, GroupPattern } from './model.js';
import { type ActivePrefix, activePrefixes, firstOfName, memberGroups } from './selection.js';

/** A path at which included names begin. */
export interface Root {
  /** Real path: prefixes resolved, escapes removed, no trailing slash. */
  readonly path: Buffer;
  /**
   * An include names exactly this path. Otherwise the path is the directory above an include's
   * first wildcard.
   */
  readonly exact: boolean;
  /** The include patterns that begin here or below. */
  readonly patterns: readonly GroupPattern[];
}

const slash = 0x2f;
const percent = 0x25;
const backslash = 0x5c;
const wildcards = new Set(Buffer.from('*?['));

/** The outermost roots, sorted by path: no root lies within another one. */
export function rootsOf(config: CsyncConfig): readonly Root[] {
  const outermost: Root[] = [];
  for (const root of allRootsOf(config)) {
    const outer = outermost.findIndex(({ path }) => isWithin(root.path, path));
    if (outer < 0) outermost.push(root);
    else outermost[outer] = merge(outermost[outer] as Root, root);
  }
  return outermost;
}

/** Every root, also nested ones, each path once, parents before their contents. */
export function allRootsOf(config: CsyncConfig): readonly Root[] {
  const roots = new Map<string, Root>();
  const prefixes = firstOfName(activePrefixes(config));
  for (const group of memberGroups(config)) {
    for (const pattern of group.patterns) {
      if (pattern.action !== 'include' || pattern.class !== 'path') continue;
      for (const { path, exact } of beginnings(pattern.text, prefixes)) {
        const known = roots.get(toKey(path));
        const root = { path, exact, patterns: [pattern] };
        roots.set(toKey(path), known ? merge(known, root) : root);
      }
    }
  }
  return [...roots.values()].sort((a, b) => a.path.compare(b.path));
}

/**
 * The included paths, without those within another included path, where a missing directory counts
 * as deleted. Within the directory above a wildcard an included path is still a tree of its own.
 */
export function treesOf(config: CsyncConfig): readonly Root[] {
  const roots = allRootsOf(config);
  return roots.filter(
    (root) =>
      !roots.some((other) => other !== root && other.exact && isWithin(root.path, other.path)),
  );
}

interface Beginning {
  readonly path: Buffer;
  readonly exact: boolean;
}

function beginnings(pattern: Buffer, prefixes: readonly ActivePrefix[]): Beginning[] {
  if (pattern[0] === slash) return reachable(literalPart(pattern));
  const special = pattern.findIndex((byte) => wildcards.has(byte) || byte === backslash);
  const end = pattern.indexOf(percent, 1);
  if (special >= 0 && (end < 0 || special < end)) {
    const fixed = pattern.subarray(0, special);
    return prefixes
      .filter(({ name }) => agree(fixed, name))
      .flatMap(({ path }) => reachable({ path, exact: false }));
  }
  const prefix = prefixes.find(({ name }) => end >= 0 && name.equals(pattern.subarray(1, end)));
  return prefix ? reachable(belowPrefix(prefix.path, pattern.subarray(end + 1))) : [];
}

// csync2 only makes names with a slash after the prefix, so `%name%x` names nothing, but `%name%*`
// may.
function belowPrefix(path: Buffer, rest: Buffer): Beginning {
  if (rest[0] !== slash) return { path, exact: rest.length === 0 };
  const below = literalPart(rest);
  if (below.path.length === 1) return { path, exact: false };
  return {
    path: path.length === 1 ? below.path : Buffer.concat([path, below.path]),
    exact: below.exact,
  };
}

function agree(fixed: Buffer, name: Buffer): boolean {
  const start = Buffer.concat([Buffer.of(percent), name, Buffer.of(percent)]);
  const length = Math.min(fixed.length, start.length);
  return fixed.subarray(0, length).equals(start.subarray(0, length));
}

// Names in csync2's walk have no empty components and none that is `.` or `..`.
function reachable(root: Beginning): Beginning[] {
  return /\/(\/|\.{1,2}(\/|$))/.test(root.path.toString('latin1')) ? [] : [root];
}

function literalPart(pattern: Buffer): Beginning {
  const bytes: number[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const byte = pattern[at] as number;
    if (wildcards.has(byte))
      return {
        path: Buffer.from(bytes.slice(0, Math.max(1, bytes.lastIndexOf(slash)))),
        exact: false,
      };
    if (byte === backslash) at += 1;
    if (at < pattern.length) bytes.push(pattern[at] as number);
  }
  return { path: Buffer.from(bytes), exact: true };
}

function merge(outer: Root, inner: Root): Root {
  const exact = outer.exact || (inner.exact && inner.path.equals(outer.path));
  return {
    path: outer.path,
    exact,
    patterns: [...new Set([...outer.patterns, ...inner.patterns])],
  };
}
