import type { Ledger } from '../../../csync2/database/ledger.js';
import type { PendingRow } from '../../../csync2/database/pending-table.js';
import { forgetPending, insertPending } from '../../../csync2/database/pending-writes.js';
import { encodeName, saidName } from '../../../csync2/files/name-encoding.js';
import type { SentVersions } from './sent-versions.js';

/**
 * The known facts about the versions of other hosts. Names are csync2's own, one character a byte.
 */
export interface Origins {
  /** The peer that last sent a name here, if that was lately. */
  readonly cameFrom: (name: string) => string | undefined;
  /** When a name was received last; milliseconds since 1970. */
  readonly receivedAt: (name: string) => number | undefined;
  /** The peer that has sent the file under a name, if no one here has touched the file since. */
  readonly senderOf: (name: string) => string | undefined;
  /**
   * Other peers that get the later version of a name from this peer, and to which no lane is
   * sending the name now. `origin` is only among them if it has refused this name.
   */
  readonly companions: (encoded: Buffer, origin: string | undefined) => readonly string[];
}

/** The parts of {@link ContestedVersions}. */
export interface ContestedVersionsParts {
  readonly peer: string;
  /** The peer only receives files, so its own changes are no later versions. */
  readonly isSlave: boolean;
  readonly ledger: Ledger;
  /** The name that the peer uses for this host, as the database has it. */
  readonly myName: Buffer;
  /** A text that changes when a file changes. */
  readonly stampOf: (encoded: Buffer) => string;
  /** The versions that the peer has taken. */
  readonly versions: SentVersions;
  /** Undefined if nothing is known of other hosts' versions. */
  readonly origins: Origins | undefined;
  /** A file is no longer pending for the peer. */
  readonly onNoLongerPending: (encoded: Buffer) => void;
}

/**
 * Decides whose version of a file is later, when hosts answer each other while a third host is
 * slow. csync2 refuses a version while an earlier one is pending for any peer, and then marks the
 * earlier one again for all peers.
 *
 * - If the peer has taken a file as it is here, the file is not sent again for a session's mark
 *   alone: the peer may have a later version by now.
 * - If the session was the peer's own, the peer does have a later version. It is made of ours,
 *   and ours is no longer pending for any peer, because this host would refuse the later one while
 *   ours is pending. A file that is on its way to some peer now stays pending until it has arrived.
 * - A file that the peer has sent, and that no one here has touched, is no change of ours, in
 *   whichever session it was marked.
 * - A peer that takes a version late may have brought an older one to other hosts meanwhile. They
 *   get the version once more.
 */
export class ContestedVersions {
  readonly #parts: ContestedVersionsParts;
  /** The names that sessions have marked lately. */
  readonly #marked = new Map<string, MarkedName>();
  /** The rows to send once more, by name. */
  readonly #again = new Map<string, PendingRow>();
  /** The names for which this host's version was decided. */
  readonly #decided = new Map<string, DecidedName>();

  constructor(parts: ContestedVersionsParts) {
    this.#parts = parts;
  }

  /**
   * A session of csync2's server has marked a file.
   *
   * @param isOffered - the session was the peer's own
   * @param at - when the session said so, in milliseconds since 1970
   * @returns whether that concerns this peer
   */
  marked(encoded: Buffer, isOffered: boolean, at: number, now = Date.now()): boolean {
    const { isSlave, origins, peer, versions } = this.#parts;
    const isKnown =
      versions.row(encoded) !== undefined || origins?.cameFrom(saidName({ encoded })) === peer;
    if (isSlave || !isKnown) return false;
    const key = keyOf(encoded);
    const before = this.#marked.get(key)?.isOffered ?? false;
    this.#marked.set(key, {
      encoded,
      isOffered: isOffered || before,
      at,
      until: now + markedMilliseconds,
    });
    return true;
  }

  /** Sends a file once more if the peer has taken it as it is now. Returns whether the peer has. */
  sendAgain(encoded: Buffer): boolean {
    const { versions } = this.#parts;
    const row = versions.row(encoded);
    if (!row || !versions.has(row)) return false;
    this.#again.set(keyOf(encoded), { ...row, forced: 0 });
    return true;
  }

  /** Sends the file under a name, with force if `isForced`, as long as the file does not change. */
  send(encoded: Buffer, isForced: boolean): void {
    this.#decided.set(keyOf(encoded), { encoded, isForced, stamp: this.#parts.stampOf(encoded) });
  }

  /** Whether a row must be sent with force. */
  isForced({ encoded }: Pick<PendingRow, 'encoded'>): boolean {
    return this.#decided.get(keyOf(encoded))?.isForced ?? false;
  }

  /**
   * Whether a decision says that this host sends the file under a name: the peer has something else
   * there.
   */
  isDecided(encoded: Buffer): boolean {
    return this.#decided.has(keyOf(encoded));
  }

  /** A version of this host is given up. */
  giveUp(encoded: Buffer): void {
    for (const names of [this.#again, this.#decided, this.#marked]) names.delete(keyOf(encoded));
  }

  /** These were sent. */
  sent(rows: readonly PendingRow[]): void {
    for (const { encoded } of rows) {
      this.#again.delete(keyOf(encoded));
      this.#decided.delete(keyOf(encoded));
    }
  }

  /**
   * Corrects the pending rows, in a database window. Throws the errors of better-sqlite3; call it
   * again then.
   */
  apply(now = Date.now()): void {
    this.#applyMarked(now);
    this.#markAgain();
  }

  /** The peer has said that it has a later version of these rows. Throws as {@link apply}. */
  yield(rows: readonly PendingRow[]): void {
    const { ledger, versions } = this.#parts;
    for (const row of rows) {
      const isCurrent = versions.has(row) || this.isTheirs(row.encoded);
      const peers = isCurrent ? this.#laterFrom(row.encoded) : [];
      if (isCurrent) ledger.withoutWaiting(() => forgetPending(ledger, row.encoded, peers));
    }
  }

  /** Whether a file is still as the peer has sent it. */
  isTheirs(encoded: Buffer): boolean {
    const { isSlave, origins, peer } = this.#parts;
    return !isSlave && origins?.senderOf(saidName({ encoded })) === peer;
  }

  /**
   * Whether the last version that was received here under this name came from the peer. The peer
   * may still be bringing that version to others.
   */
  isOrigin(encoded: Buffer): boolean {
    return this.#parts.origins?.cameFrom(saidName({ encoded })) === this.#parts.peer;
  }

  #applyMarked(now: number): void {
    const { ledger, onNoLongerPending, peer, versions } = this.#parts;
    for (const [key, { at, encoded, isOffered, until }] of this.#marked) {
      const isTheirs = this.isTheirs(encoded);
      // A version that the peer took after its session is later than the session's.
      const isOver = now >= until || !(isTheirs || versions.has({ encoded }, at));
      if (isOver) this.#marked.delete(key);
      else if (
        !this.#again.has(key) &&
        !this.#decided.has(key) &&
        ledger.pending.isForAnyPeer(encoded)
      ) {
        const peers = isOffered || isTheirs ? this.#laterFrom(encoded) : [peer];
        ledger.withoutWaiting(() => forgetPending(ledger, encoded, peers));
        onNoLongerPending(encoded);
      }
    }
  }

  #markAgain(): void {
    const { ledger, myName, peer, stampOf, versions } = this.#parts;
    for (const [key, row] of this.#again) if (!versions.has(row)) this.#again.delete(key);
    for (const [key, each] of this.#decided)
      if (stampOf(each.encoded) !== each.stamp) this.#decided.delete(key);
    if (this.#again.size + this.#decided.size === 0) return;
    const decided = [...this.#decided.values()].map(({ encoded }) => ({
      rowid: 0,
      encoded,
      myName,
      forced: 0,
    }));
    const rows = [...this.#again.values(), ...decided];
    ledger.withoutWaiting(() =>
      insertPending(ledger.database, encodeName(Buffer.from(peer)), rows),
    );
  }

  /**
   * This peer, and the peers that get the later version from it. The peer from which the version
   * came that ours was made of is left out until it has been offered ours, because that offer tells
   * it that its own version is no longer the last.
   */
  #laterFrom(encoded: Buffer): readonly string[] {
    const { origins, peer } = this.#parts;
    return [peer, ...(origins?.companions(encoded, origins.cameFrom(saidName({ encoded }))) ?? [])];
  }
}

interface DecidedName {
  readonly encoded: Buffer;
  readonly isForced: boolean;
  /** The stamp of the file at the decision. */
  readonly stamp: string;
}

interface MarkedName {
  readonly encoded: Buffer;
  /** The session was this very peer's. */
  readonly isOffered: boolean;
  /** When the file was marked, in milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds since 1970. */
  readonly until: number;
}

function keyOf(encoded: Buffer): string {
  return encoded.toString('latin1');
}

/** By then a session's mark is in the database. */
const markedMilliseconds = 10_000;
