import { type BigIntStats, lstatSync, realpathSync } from 'node:fs';
import { errnoName } from '../../proc/errno-name.js';
import { type PathBytes, parentOf } from '../../text/path-bytes.js';

/**
 * The result of lstat(2) for a path. csync2's own lstat takes both `absent` and `unreadable` for
 * deleted.
 */
export type Sight =
  | { readonly kind: 'there'; readonly stat: BigIntStats }
  | { readonly kind: 'absent' }
  /** The path may exist, but can't be looked at: `EIO`, `ESTALE`, `ENOTCONN`, `EACCES`, … */
  | { readonly kind: 'unreadable'; readonly errno: string };

/** Looks at a path. */
export function lookAt(path: PathBytes): Sight {
  try {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stat ? { kind: 'there', stat } : { kind: 'absent' };
  } catch (error) {
    const errno = errnoName(-((error as NodeJS.ErrnoException).errno ?? 0));
    return absences.has(errno) ? { kind: 'absent' } : { kind: 'unreadable', errno };
  }
}

/** lstat(2) of a path that exists and can be looked at. */
export function statOf(path: PathBytes): BigIntStats | undefined {
  const sight = lookAt(path);
  return sight.kind === 'there' ? sight.stat : undefined;
}

/**
 * Whether a directory on the way to a path is a link, or is gone. csync2 takes files behind a link
 * for absent.
 */
export function isBehindLink(path: PathBytes): boolean {
  const parent = parentOf(path);
  try {
    return !realpathSync.native(parent, { encoding: 'buffer' }).equals(parent);
  } catch {
    return true;
  }
}

/**
 * ELOOP: a link has taken the place of a directory on the way, and csync2 takes files behind a link
 * for absent anyway.
 */
const absences: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
