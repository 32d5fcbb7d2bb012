import { type DirtyRow, insertDirty, type Ledger } from '../../../csync2/database/ledger.js';
import { forgetDirty } from '../../../csync2/database/private-database.js';
import { encodeName, saidName } from '../../../csync2/files/name-encoding.js';
import type { SentVersions } from './sent-versions.js';

/**
 * What is known about the versions of other hosts. Names are csync2's own, one character a byte.
 */
export interface Origins {
  /** The peer that a name was received from last, if that was lately. */
  readonly cameFrom: (name: string) => string | undefined;
  /** When a name was received last; milliseconds since 1970. */
  readonly receivedAt: (name: string) => number | undefined;
  /** The peer that has sent what is under a name, if nobody here has touched it since. */
  readonly senderOf: (name: string) => string | undefined;
  /**
   * Other peers that get from this one what it has a later version of, and that nothing is sent of
   * this name just now; `origin` only if it has refused this name.
   */
  readonly companions: (encoded: Buffer, origin: string | undefined) => readonly string[];
}

/** What a lane's versions are kept with. */
export interface ContestedVersionsParts {
  readonly peer: string;
  /** It only receives: what it has changed is no later version. */
  readonly isSlave: boolean;
  readonly ledger: Ledger;
  /** What the peer calls this host, as it stands in the database. */
  readonly myName: Buffer;
  /** A text that is another one when a file has changed. */
  readonly stampOf: (encoded: Buffer) => string;
  /** What the peer has taken. */
  readonly versions: SentVersions;
  /** Undefined: nothing is known of them. */
  readonly origins: Origins | undefined;
  /** A file is no longer pending for the peer. */
  readonly onNoLongerPending: (encoded: Buffer) => void;
}

/**
 * Whose version of a file is later, where hosts answer each other while a third one is slow. csync2
 * refuses a version while an earlier one is pending for any peer, and marks the earlier one once
 * more for everybody.
 *
 * - What the peer has taken as it is here is not sent again for a session's mark alone: it may have
 *   a later version by now.
 * - If the session was the peer's own, it has: its version is made of ours, and ours is no longer
 *   pending for anybody. As long as it were, this host would refuse the later one. What is on its
 *   way to somebody just now stays pending until it is there.
 * - What the peer has sent, and nobody here has touched, is no change of ours, whichever session
 *   has marked it.
 * - A peer that takes a version late may have brought an older one to others meanwhile: they get it
 *   once more.
 */
export class ContestedVersions {
  readonly #parts: ContestedVersionsParts;
  /** What sessions have marked lately, by name. */
  readonly #marked = new Map<string, MarkedName>();
  /** To be sent once more, by name. */
  readonly #again = new Map<string, DirtyRow>();
  /** What this host has been decided to send, by name. */
  readonly #decided = new Map<string, DecidedName>();

  constructor(parts: ContestedVersionsParts) {
    this.#parts = parts;
  }

  /**
   * A session of csync2's server has marked a file.
   *
   * @param isOffered - it was the peer's own session
   * @param at - when it said so; milliseconds since 1970
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

  /** Has a file sent once more if the peer has taken it as it is now; whether it has. */
  sendAgain(encoded: Buffer): boolean {
    const { versions } = this.#parts;
    const row = versions.row(encoded);
    if (!row || !versions.has(row)) return false;
    this.#again.set(keyOf(encoded), { ...row, forced: 0 });
    return true;
  }

  /**
   * Has what is under a name sent, and with force if it `isForced`, as long as it does not change.
   */
  send(encoded: Buffer, isForced: boolean): void {
    this.#decided.set(keyOf(encoded), { encoded, isForced, stamp: this.#parts.stampOf(encoded) });
  }

  /** Whether a row is to be sent with force. */
  hasWon({ encoded }: Pick<DirtyRow, 'encoded'>): boolean {
    return this.#decided.get(keyOf(encoded))?.isForced ?? false;
  }

  /**
   * Whether this host has been decided to send what is under a name: the peer has something else
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
  sent(rows: readonly DirtyRow[]): void {
    for (const { encoded } of rows) {
      this.#again.delete(keyOf(encoded));
      this.#decided.delete(keyOf(encoded));
    }
  }

  /**
   * Corrects what is pending, in a database window. Throws what better-sqlite3 throws; then it is
   * to be called again.
   */
  apply(now = Date.now()): void {
    this.#applyMarked(now);
    this.#markAgain();
  }

  /** The peer has a later version of these, as it has said. Throws as {@link apply}. */
  yield(rows: readonly DirtyRow[]): void {
    const { ledger, versions } = this.#parts;
    for (const row of rows) {
      const isCurrent = versions.has(row) || this.isTheirs(row.encoded);
      const peers = isCurrent ? this.#laterFrom(row.encoded) : [];
      if (isCurrent) ledger.withoutWaiting(() => forgetDirty(ledger, row.encoded, peers));
    }
  }

  /** Whether a file is as the peer has sent it. */
  isTheirs(encoded: Buffer): boolean {
    const { isSlave, origins, peer } = this.#parts;
    return !isSlave && origins?.senderOf(saidName({ encoded })) === peer;
  }

  /**
   * Whether what was received here last under this name came from the peer: it may be bringing that
   * to others still.
   */
  isOrigin(encoded: Buffer): boolean {
    return this.#parts.origins?.cameFrom(saidName({ encoded })) === this.#parts.peer;
  }

  #applyMarked(now: number): void {
    const { ledger, onNoLongerPending, peer, versions } = this.#parts;
    for (const [key, { at, encoded, isOffered, until }] of this.#marked) {
      const isTheirs = this.isTheirs(encoded);
      // What the peer has taken since is later than what its session has brought.
      const isOver = now >= until || !(isTheirs || versions.has({ encoded }, at));
      if (isOver) this.#marked.delete(key);
      else if (!this.#again.has(key) && !this.#decided.has(key) && ledger.isPending(encoded)) {
        const peers = isOffered || isTheirs ? this.#laterFrom(encoded) : [peer];
        ledger.withoutWaiting(() => forgetDirty(ledger, encoded, peers));
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
    ledger.withoutWaiting(() => insertDirty(ledger.database, encodeName(Buffer.from(peer)), rows));
  }

  /**
   * The peers that get what this one has a later version of from it, itself among them. Not the one
   * that the version came from which ours was made of, before it has been offered ours: that tells
   * it that its own is no longer the last.
   */
  #laterFrom(encoded: Buffer): readonly string[] {
    const { origins, peer } = this.#parts;
    return [peer, ...(origins?.companions(encoded, origins.cameFrom(saidName({ encoded }))) ?? [])];
  }
}

interface DecidedName {
  readonly encoded: Buffer;
  readonly isForced: boolean;
  /** What the file was like. */
  readonly stamp: string;
}

interface MarkedName {
  readonly encoded: Buffer;
  /** By a session of this very peer. */
  readonly isOffered: boolean;
  /** When it was marked; milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds since 1970. */
  readonly until: number;
}

function keyOf(encoded: Buffer): string {
  return encoded.toString('latin1');
}

/** A session's mark is in the database by then. */
const markedMilliseconds = 10_000;
