import { loadNative } from '../../native.js';
import { errnoName } from '../../proc/errno-name.js';
import { isShortage } from '../../proc/shortage.js';
import { display, type PathBytes } from '../../text/path-bytes.js';

/** What is seen at a path, without following a link anywhere on the way to it. */
export type PlaceSight =
  | { readonly kind: 'missing' | 'other' }
  /** It can't be looked at: `EIO`, `ENOTCONN`, `ESTALE`, `EACCES`, … */
  | { readonly kind: 'unreadable'; readonly errno: string }
  | {
      readonly kind: 'directory' | 'file';
      readonly isEmpty: boolean;
      /**
       * Tells it from others: inode, time of birth and id of the file system, as far as that keeps
       * them.
       */
      readonly identity: string;
      /**
       * Whether the identity tells file systems apart. Every root directory of some types has the
       * same inode number.
       */
      readonly isProof: boolean;
    };

/** Looks at a path. Throws for want of descriptors or memory; see `shortage.ts`. */
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
  // That says nothing of the place.
  if (isShortage({ code: errno }))
    throw Object.assign(new Error(`${errno}: cannot open ${display(path)}`), { code: errno });
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return { kind: 'missing' };
  return errno === 'ELOOP' ? { kind: 'other' } : { kind: 'unreadable', errno };
}
