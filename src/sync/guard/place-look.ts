import { loadNative } from '../../native.js';
import { errnoName } from '../../proc/errno-name.js';
import { isShortage } from '../../proc/shortage.js';
import { display, type PathBytes } from '../../text/path-bytes.js';

/** The thing at a path, seen without following any link on the way. */
export type PlaceSight =
  | { readonly kind: 'missing' | 'other' }
  /** The path can't be looked at: `EIO`, `ENOTCONN`, `ESTALE`, `EACCES`, … */
  | { readonly kind: 'unreadable'; readonly errno: string }
  | {
      readonly kind: 'directory' | 'file';
      readonly isEmpty: boolean;
      /**
       * Tells the thing from others: inode, time of birth and id of the file system, as far as the
       * file system keeps them.
       */
      readonly identity: string;
      /**
       * Whether the identity tells file systems apart. In some types, every root directory has the
       * same inode number.
       */
      readonly isProof: boolean;
    };

/** Looks at a path. Throws if descriptors or memory are short; see `shortage.ts`. */
export function lookAtPlace(path: PathBytes): PlaceSight {
  const { errno, kind, empty, inode, bornNs, fileSystem } = loadNative().lookAtPlace(path);
  if (errno !== 0) return failure(errnoName(errno), path);
  if (kind > 1) return { kind: 'other' };
  return {
    kind: kind === 0 ? 'directory' : 'file',
    isEmpty: empty,
    identity: `${fileSystem.toString(16)}:${inode}:${bornNs}`,
    isProof: fileSystem !== 0n || bornNs !== 0n,
  };
}

function failure(errno: string, path: PathBytes): PlaceSight {
  // A shortage says nothing of the place.
  if (isShortage({ code: errno }))
    throw Object.assign(new Error(`${errno}: cannot open ${display(path)}`), { code: errno });
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return { kind: 'missing' };
  return errno === 'ELOOP' ? { kind: 'other' } : { kind: 'unreadable', errno };
}
