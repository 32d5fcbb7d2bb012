import { readlinkSync } from 'node:fs';
import type { DirtyRow, Ledger } from '../../../csync2/database/ledger.js';
import { join, type PathBytes, parentOf } from '../../../text/path-bytes.js';
import type { RejectedRows } from '../refused/rejected-rows.js';
import type { PendingFiles } from './pending-files.js';

/**
 * The parts of {@link WaitingLinks}, which holds back a symbolic link until its target is on the
 * peer.
 */
export interface WaitingLinksParts {
  readonly peer: string;
  readonly ledger: Ledger;
  readonly files: Pick<PendingFiles, 'path' | 'look'>;
  readonly rejected: RejectedRows;
}

/**
 * Links that wait for what they lead to: a release is written, then `current` is switched to it,
 * and a peer is not to see the link before the release. What the peer rejects is not waited for,
 * and nothing longer than {@link mostMilliseconds}.
 */
export class WaitingLinks {
  readonly #parts: WaitingLinksParts;
  /** When each began to wait, milliseconds since 1970. */
  readonly #since = new Map<string, number>();

  constructor(parts: WaitingLinksParts) {
    this.#parts = parts;
  }

  /** Whether a row is that of a link which must not be sent yet. */
  waits(row: DirtyRow, now = Date.now()): boolean {
    const key = row.encoded.toString('latin1');
    const target = this.#targetOf(row);
    if (!target || !this.#isPending(target)) {
      this.#since.delete(key);
      return false;
    }
    if (!this.#since.has(key) && this.#since.size >= mostKept) return false;
    const since = this.#since.get(key) ?? now;
    this.#since.set(key, since);
    return now - since < mostMilliseconds;
  }

  #targetOf({ encoded }: DirtyRow): PathBytes | undefined {
    const { files } = this.#parts;
    const path = files.look(encoded) === 'link' ? files.path(encoded) : undefined;
    if (!path) return undefined;
    try {
      return resolved(parentOf(path), readlinkSync(path, { encoding: 'buffer' }));
    } catch {
      // It is gone, or is none any more.
      return undefined;
    }
  }

  #isPending(target: PathBytes): boolean {
    const { files, ledger, peer, rejected } = this.#parts;
    const pending = ledger
      .pendingWithin(peer, target, mostAsked)
      .filter((row) => !rejected.hasFailed(row));
    // A link may lie below its own target, and links lead to each other: none waits for one.
    return pending.some(({ encoded }) => files.look(encoded) !== 'link');
  }
}

/** As the kernel does it, but for links on the way. */
function resolved(directory: PathBytes, target: Buffer): PathBytes {
  const isAbsolute = target[0] === slash;
  let path: PathBytes = isAbsolute ? Buffer.from('/') : directory;
  for (const part of target.toString('latin1').split('/')) {
    if (part === '' || part === '.') continue;
    path = part === '..' ? parentOf(path) : join(path, Buffer.from(part, 'latin1'));
  }
  return path;
}

const slash = 0x2f;
const mostMilliseconds = 60_000;
const mostKept = 10_000;
/**
 * Rows below a target that are looked at: if none of these is waited for, so is probably none of
 * the others.
 */
const mostAsked = 50;
