import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Ledger } from '../../csync2/database/ledger.js';
import { checkTextOf, isUnlike, typeOf } from '../../csync2/files/check-text.js';
import { namesOf, type PathPrefix, realPathOf } from '../../csync2/files/name-encoding.js';
import { isWithinLimits } from '../../csync2/files/path-limits.js';
import { join, type PathBytes } from '../../text/path-bytes.js';
import { lookAt, statOf } from '../common/stat-of.js';
import type { SyncPeer } from '../parts.js';
import { entriesOf } from '../sweep/list-directory.js';

/** A change that a check would find at a path. */
export interface Finding {
  readonly path: PathBytes;
  readonly what: 'changed' | 'new' | 'deleted';
}

/** The parts of {@link Preview}. */
export interface PreviewParts {
  readonly ledger: Pick<Ledger, 'notes' | 'tree'>;
  readonly prefixes: readonly PathPrefix[];
  readonly peers: readonly Pick<SyncPeer, 'name' | 'shares' | 'slaveHere'>[];
  /** Whether something at or below a path may be synchronised. */
  readonly concerns: (path: PathBytes) => boolean;
  /** Whether a path is kept from checks, because it is out of sight. */
  readonly isAway: (path: PathBytes) => boolean;
}

/**
 * Tells what a check would find, and which files it would delete on peers, by csync2's notes and
 * the disk. It changes nothing. csync2 has no dry run: with `-d` a check still writes into its
 * database (tried with 2.0).
 */
export class Preview {
  readonly #parts: PreviewParts;

  constructor(parts: PreviewParts) {
    this.#parts = parts;
  }

  /**
   * The changes that a check of a path and everything below it would find now. Throws a
   * LedgerError.
   */
  async *check(path: PathBytes): AsyncGenerator<Finding, void> {
    const { isAway, ledger } = this.#parts;
    for (const portion of ledger.notes.within(path)) {
      for (const { name, text } of portion) {
        const place = realPathOf(name, this.#parts.prefixes);
        if (!place || isAway(place) || this.#peersOf(name).length === 0) continue;
        const sight = lookAt(place);
        if (sight.kind === 'absent') yield { path: place, what: 'deleted' };
        else if (sight.kind === 'there' && isOther(text, sight.stat))
          yield { path: place, what: 'changed' };
      }
      await othersTurn();
    }
    yield* this.#newWithin(path);
  }

  /**
   * How many files would be deleted at which peers, if the missing files at and below a path were
   * taken for deleted. Throws a LedgerError.
   */
  async missing(
    path: PathBytes,
  ): Promise<{ readonly files: number; readonly peers: ReadonlyMap<string, number> }> {
    const peers = new Map<string, number>();
    let files = 0;
    for (const portion of this.#parts.ledger.notes.within(path)) {
      for (const { name } of portion) {
        const place = realPathOf(name, this.#parts.prefixes);
        const sharing = this.#peersOf(name).filter(({ slaveHere }) => !slaveHere);
        if (!place || sharing.length === 0 || lookAt(place).kind !== 'absent') continue;
        files += 1;
        for (const peer of sharing) peers.set(peer.name, (peers.get(peer.name) ?? 0) + 1);
      }
      await othersTurn();
    }
    return { files, peers };
  }

  async *#newWithin(path: PathBytes): AsyncGenerator<Finding, void> {
    const { concerns, isAway } = this.#parts;
    const left = [path];
    let seen = 0;
    for (let next = left.pop(); next; next = left.pop()) {
      if (isAway(next) || !concerns(next) || !isWithinLimits(next)) continue;
      if (this.#isNew(next)) yield { path: next, what: 'new' };
      if (!statOf(next)?.isDirectory()) continue;
      for (const { name } of entriesOf(next)) {
        left.push(join(next, name));
        seen += 1;
        if (seen % turnAfter === 0) await othersTurn();
      }
    }
  }

  #isNew(path: PathBytes): boolean {
    const stat = statOf(path);
    if (!stat || stat.isSocket() || this.#parts.ledger.tree.knows(path)) return false;
    return namesOf(path, this.#parts.prefixes).some((name) => this.#peersOf(name).length > 0);
  }

  #peersOf(name: Buffer): PreviewParts['peers'] {
    return this.#parts.peers.filter(({ shares }) => shares(name));
  }
}

/**
 * Whether a file differs from its note. Only the type of a link is compared, because the note of a
 * link holds its target.
 */
function isOther(noted: string, stat: NonNullable<ReturnType<typeof statOf>>): boolean {
  const text = checkTextOf(stat);
  if (text !== undefined) return isUnlike(noted, text);
  return stat.isSymbolicLink() && typeOf(noted) !== 'lnk';
}

const turnAfter = 500;
