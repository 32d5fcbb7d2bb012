import type { BigIntStats } from 'node:fs';

/**
 * The text that csync2 notes for a file (`csync_genchecktxt`), as it stands in its database,
 * percent-escaped. Undefined for devices, and for types whose text needs more than lstat(2).
 *
 * The texts differ where csync2.cfg makes csync2 ignore owner or mode, or where another csync2
 * writes other times.
 */
export function checkTextOf(stat: BigIntStats): string | undefined {
  const owner = `mode=${stat.mode}:uid=${stat.uid}:gid=${stat.gid}`;
  const mtime = `mtime=${secondsOf(stat.mtimeNs)}`;
  if (stat.isFile()) return escapeColons(`v1:${mtime}:${owner}:type=reg:size=${stat.size}`);
  if (stat.isDirectory()) return escapeColons(`v1:${owner}:type=dir`);
  if (stat.isFIFO()) return escapeColons(`v1:${mtime}:${owner}:type=fifo`);
  return undefined;
}

/**
 * Whether a file differs from csync2's note, as far as the text shows.
 *
 * @param text - the text for the file as it is now; undefined if unknown
 */
export function isUnlike(noted: string | undefined, text: string | undefined): boolean {
  if (noted === undefined || text === undefined || noted === text) return false;
  const parts = text.split('%3A');
  // Parts that the configuration ignores are missing in the note.
  return noted.split('%3A').some((part) => !parts.includes(part));
}

/**
 * csync2's note of a file. Times are in whole seconds. Parts that the configuration ignores are
 * undefined.
 */
export interface NotedFile {
  /** Number of its row; a later note has a higher one. */
  readonly row: number;
  /** As it stands in the database. */
  readonly text: string;
  /** `reg`, `dir`, `lnk`, `fifo`, `chr`, `blk`, `sock`. */
  readonly type: string;
  readonly size?: bigint;
  readonly mtimeSeconds?: bigint;
  /** Type and permissions, as in stat(2). */
  readonly mode?: number;
  /** `uid:gid`, or the names where csync2 notes names. */
  readonly owner?: string;
  /** The target of a link, escaped; empty if csync2 could not read it. */
  readonly target?: string;
}

/**
 * The type in a note, as {@link NotedFile.type}. A link's target, which may look like a type, comes
 * after it.
 */
export function typeOf(text: string): string {
  const at = text.indexOf(beforeType);
  if (at < 0) return 'unknown';
  const begin = at + beforeType.length;
  const end = text.indexOf('%3A', begin);
  return text.slice(begin, end < 0 ? undefined : end);
}

const beforeType = '%3Atype=';

/** Reads a note: `v1:mtime=…:mode=…:uid=…:gid=…:type=reg:size=…`, percent-escaped. */
export function readCheckText(text: string, row: number): NotedFile {
  const field = (name: string) =>
    new RegExp(`(?:^|%3A)${name}=((?:(?!%3A).)*)`, 's').exec(text)?.[1];
  const size = field('size');
  const mtime = field('mtime');
  const target = field('target');
  const mode = field('mode');
  const [user, group] = [field('uid') ?? field('user'), field('gid') ?? field('group')];
  return {
    row,
    text,
    type: field('type') ?? 'unknown',
    ...(size === undefined ? {} : { size: BigInt(size) }),
    ...(mtime === undefined ? {} : { mtimeSeconds: BigInt(mtime) }),
    ...(target === undefined ? {} : { target }),
    ...(mode === undefined ? {} : { mode: Number(mode) }),
    ...(user === undefined || group === undefined ? {} : { owner: `${user}:${group}` }),
  };
}

/** Converts to a time_t, rounded down to the second, also before 1970. */
export function secondsOf(nanoseconds: bigint): bigint {
  const seconds = nanoseconds / 1_000_000_000n;
  return nanoseconds % 1_000_000_000n < 0n ? seconds - 1n : seconds;
}

function escapeColons(text: string): string {
  return text.replaceAll(':', '%3A');
}
