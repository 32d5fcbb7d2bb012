import type { BigIntStats } from 'node:fs';

/**
 * What csync2 notes of a file (`csync_genchecktxt`), as it stands in its database: percent-escaped.
 * Undefined for what it describes by more than its inode, and for devices.
 *
 * Where csync2.cfg has it ignore owner or mode, or where another csync2 writes other times, the
 * texts differ.
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
 * Whether a file is not as csync2 has noted it, as far as that tells.
 *
 * @param text - what it would note now; undefined: it can't be told
 */
export function isUnlike(noted: string | undefined, text: string | undefined): boolean {
  if (noted === undefined || text === undefined || noted === text) return false;
  const parts = text.split('%3A');
  // Parts that its configuration ignores are not in its note.
  return noted.split('%3A').some((part) => !parts.includes(part));
}

/**
 * What csync2 has noted of a file; times in whole seconds, parts that its configuration ignores are
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
  /** Of the type and permissions, as stat(2) has it. */
  readonly mode?: number;
  /** `uid:gid`, or the names where csync2 notes these. */
  readonly owner?: string;
  /** Where a link leads, escaped; empty where csync2 could not read it. */
  readonly target?: string;
}

/**
 * The type in a note, as {@link NotedFile.type}. A link's target, which may look like one, is
 * behind it.
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

/** A time_t: cut off at the second, downwards also before 1970. */
export function secondsOf(nanoseconds: bigint): bigint {
  const seconds = nanoseconds / 1_000_000_000n;
  return nanoseconds % 1_000_000_000n < 0n ? seconds - 1n : seconds;
}

function escapeColons(text: string): string {
  return text.replaceAll(':', '%3A');
}
