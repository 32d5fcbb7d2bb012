import type { SessionVerdict, Verdict } from '../server-log/session-traces.js';

/** Why a peer's sessions are refused: what its first request was answered. */
export type RefusalCause = Exclude<Verdict, 'accepted'>;

/** A peer whose sessions are refused, and none of which has been accepted since. */
export interface RefusedPeer {
  readonly peer: string;
  readonly cause: RefusalCause;
  /** How many in a row. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
  /** Address from which the last one came. */
  readonly from: string;
}

/** Sessions of those who say that they are somebody whom csync2.cfg does not name. */
export interface RefusedOthers {
  readonly count: number;
  /** Milliseconds since 1970; undefined: there was none. */
  readonly lastAt: number | undefined;
  /** Who the last one said it was, one character a byte. */
  readonly name: string;
  /** Addresses they came from, the last one first: some of them. */
  readonly from: readonly string[];
}

/**
 * Which sessions csync2's server here has refused as a whole, by who their peers said they were.
 * Anybody who reaches the port can say that: what is kept is bounded by the number of peers. Pure.
 */
export class RefusedSessions {
  readonly #since: number;
  readonly #refused = new Map<string, RefusedPeer>();
  readonly #counts = new Map<string, number>();
  #others: RefusedOthers = { count: 0, lastAt: undefined, name: '', from: [] };

  /** @param since - verdicts of before do not count; milliseconds since 1970 */
  constructor(since: number) {
    this.#since = since;
  }

  /**
   * Takes a verdict.
   *
   * @param isPeer - whether csync2.cfg names this peer
   * @returns how it stands with a peer, if that is news
   */
  note(
    { at, from, peer, verdict }: SessionVerdict,
    isPeer: (name: string) => boolean,
  ): RefusedPeer | 'accepted' | undefined {
    if (at < this.#since) return undefined;
    if (verdict === 'accepted') {
      this.#refused.delete(peer);
      return this.#counts.has(peer) ? 'accepted' : undefined;
    }
    if (isPeer(peer)) {
      const count = (this.#refused.get(peer)?.count ?? 0) + 1;
      const refused = { peer, cause: verdict, count, lastAt: at, from };
      this.#refused.set(peer, refused);
      this.#counts.set(peer, (this.#counts.get(peer) ?? 0) + 1);
      return refused;
    }
    const { count, from: addresses } = this.#others;
    const others = addresses.filter((address) => address !== from);
    const kept = [from, ...others].slice(0, addressesKept);
    this.#others = { count: count + 1, lastAt: at, name: peer, from: kept };
    return undefined;
  }

  /**
   * The peers whose last sessions were refused, a while ago at most: a peer that has something to
   * send tries again every five minutes.
   *
   * @param now - milliseconds since 1970
   */
  list(now: number, isPeer: (name: string) => boolean): readonly RefusedPeer[] {
    for (const [peer, { lastAt }] of this.#refused) {
      if (now - lastAt >= overMilliseconds || !isPeer(peer)) this.#refused.delete(peer);
    }
    return [...this.#refused.values()];
  }

  /** How many of each peer have been refused since the beginning. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  get others(): RefusedOthers {
    return this.#others;
  }
}

const overMilliseconds = 30 * 60_000;
const addressesKept = 5;
