/** What is at paths now, and whether csync2 would come to it by the same path. */
import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { type PathBytes, type PathKey, parentOf, toKey } from '../../text/path-bytes.js';

/** What lstat(2) says of a path. */
export type Seen =
  | { readonly kind: 'there'; readonly stat: BigIntStats }
  | { readonly kind: 'absent' }
  /** A directory on the way is a link: csync2 would check another path. */
  | { readonly kind: 'behind-link' }
  /** It can't be looked at. */
  | { readonly kind: 'unreadable' };

/** Looks at paths; directories above them are looked at once. Make a new one for each portion. */
export class Sights {
  readonly #links = new Map<PathKey, boolean>();

  look(path: PathBytes): Seen {
    try {
      if (this.#isBehindLink(path)) return { kind: 'behind-link' };
      const stat = statOf(path);
      return stat ? { kind: 'there', stat } : { kind: 'absent' };
    } catch {
      return { kind: 'unreadable' };
    }
  }

  #isBehindLink(path: PathBytes): boolean {
    const parent = parentOf(path);
    if (parent.length === 1) return false;
    const key = toKey(parent);
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const isLink = this.#isBehindLink(parent) || (statOf(parent)?.isSymbolicLink() ?? false);
    this.#links.set(key, isLink);
    return isLink;
  }
}

/**
 * Where csync2 finds a link to lead. It asks for the name and not for the path, so that of names
 * below a prefix it finds nothing, but for a file of that name in the working directory.
 */
export function targetOf(name: Buffer): Buffer {
  try {
    return readlinkSync(name, { encoding: 'buffer' });
  } catch {
    return nowhere;
  }
}

/** Undefined: it is absent. Throws if it can't be looked at. */
function statOf(path: PathBytes): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // A file has taken the place of a directory on the way.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

const nowhere = Buffer.alloc(0);
