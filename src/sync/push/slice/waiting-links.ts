import { readlinkSync } from 'node:fs';
import type { Ledger } from '../../../csync2/database/ledger.js';
import type { PendingRow } from '../../../csync2/database/pending-table.js';
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
 * Links that wait for their targets. A release is written, then `current` is switched to it, and a
 * peer must not see the link before the release. A link does not wait for a target that the peer
 * rejects, and never longer than {@link mostMilliseconds}.
 */
export class WaitingLinks {
  readonly #parts: WaitingLinksParts;
  /** When each link began to wait, in milliseconds since 1970. */
  readonly #since = new Map<string, number>();

  constructor(parts: WaitingLinksParts) {
    this.#parts = parts;
  }

  /** Whether a row is a link that must not be sent yet. */
  waits(row: PendingRow, now = Date.now()): boolean {
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

  #targetOf({ encoded }: PendingRow): PathBytes | undefined {
    const { files } = this.#parts;
    const path = files.look(encoded) === 'link' ? files.path(encoded) : undefined;
    if (!path) return undefined;
    try {
      return resolved(parentOf(path), readlinkSync(path, { encoding: 'buffer' }));
    } catch {
      // The link is gone, or is no link any more.
      return undefined;
    }
  }

  #isPending(target: PathBytes): boolean {
    const { files, ledger, peer, rejected } = this.#parts;
    const pending = ledger.pending
      .within(peer, target, mostAsked)
      .filter((row) => !rejected.hasFailed(row));
    // A link may lie below its own target, and links may lead to each other, so no link waits for a
    // link.
    return pending.some(({ encoded }) => files.look(encoded) !== 'link');
  }
}

/** Resolves a target as the kernel does, but for links on the way. */
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
 * How many rows below a target are looked at. If the link waits for none of these, it probably
 * waits for none of the others.
 */
const mostAsked = 50;
