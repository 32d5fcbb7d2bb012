/** The text by which csync2 notes a file (`csync_genchecktxt`), for every type of file. */
import type { BigIntStats } from 'node:fs';
import { secondsOf } from '../files/check-text.js';
import { encodeName } from '../files/name-encoding.js';

/** What csync2.cfg has csync2 leave out of its notes. */
export interface IgnoredParts {
  readonly uid: boolean;
  readonly gid: boolean;
  readonly mod: boolean;
}

/**
 * What csync2 2.0 notes of a file, as it stands in its database: percent-escaped.
 *
 * @param target - where a link leads, as readlink(2) tells; empty where that fails
 */
export function noteText(stat: BigIntStats, ignore: IgnoredParts, target: Buffer): Buffer {
  const isTimed = !stat.isSymbolicLink() && !stat.isDirectory();
  const parts = [
    'v1',
    ...(isTimed ? [`mtime=${secondsOf(stat.mtimeNs)}`] : []),
    ...(ignore.mod ? [] : [`mode=${asInt(stat.mode)}`]),
    ...(ignore.uid ? [] : [`uid=${asInt(stat.uid)}`]),
    ...(ignore.gid ? [] : [`gid=${asInt(stat.gid)}`]),
    ...typeParts(stat, target),
  ];
  return encodeName(Buffer.from(parts.join(':'), 'latin1'));
}

function typeParts(stat: BigIntStats, target: Buffer): string[] {
  if (stat.isFile()) return ['type=reg', `size=${stat.size}`];
  if (stat.isDirectory()) return ['type=dir'];
  if (stat.isCharacterDevice()) return ['type=chr', `dev=${asInt(stat.rdev)}`];
  if (stat.isBlockDevice()) return ['type=blk', `dev=${asInt(stat.rdev)}`];
  if (stat.isFIFO()) return ['type=fifo'];
  // Escaped twice: here, and with the whole text.
  if (stat.isSymbolicLink()) return ['type=lnk', `target=${encodeName(target).toString('latin1')}`];
  return stat.isSocket() ? ['type=sock'] : [];
}

/** A C `int`, as csync2 prints these numbers: the upper half of 32 bits is negative. */
function asInt(number: bigint): bigint {
  return BigInt.asIntN(32, number);
}
