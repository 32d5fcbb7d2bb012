/** How fast a backlog of files goes to a peer, and when all of it is there. */

/** What is known of one backlog. Rate and time are undefined as long as they cannot be told. */
export interface BacklogPace {
  /** Files sent each second, lately. */
  readonly perSecond: number | undefined;
  /** Seconds until nothing is pending; undefined also when nothing moves, or the backlog grows. */
  readonly secondsLeft: number | undefined;
}

/** One look at a peer. */
export interface BacklogLook {
  /** Files sent since some moment that stays the same. */
  readonly sent: number;
  /** Undefined: not known. */
  readonly pending: number | undefined;
  /** Since when something has been pending without a break, milliseconds since 1970. */
  readonly since: number | undefined;
}

/**
 * Follows the backlog of one peer from look to look. Looks may be any time apart, as long as there
 * is one soon after files were sent. Pure: the clock is the caller's, in milliseconds since 1970.
 */
export class Backlog {
  #looks: Seen[] = [];

  /** Takes a look, and tells the pace of the time before it. */
  look({ pending, sent, since }: BacklogLook, now: number): BacklogPace {
    const last = this.#looks.at(-1);
    const isNoBacklog = pending === undefined || pending <= fewFiles || since === undefined;
    // A clock that was set back, or a counter that began again, makes what was seen worthless.
    if (isNoBacklog || (last && (now < last.at || sent < last.sent))) this.#looks = [];
    if (isNoBacklog) return unknown;
    this.#keep({ at: now, pending, sent });
    const begin = this.#beginOfMovement();
    const seconds = (now - begin.at) / 1000;
    if (seconds < leastSeconds) return unknown;
    const perSecond = (sent - begin.sent) / seconds;
    return { perSecond, secondsLeft: perSecond > 0 ? this.#secondsLeft(begin, now) : undefined };
  }

  /** How long nothing had moved before, as of a peer that was away, says nothing of the pace. */
  #beginOfMovement(): Seen {
    const [first] = this.#looks as [Seen];
    const next = this.#looks.findIndex(({ sent }) => sent > first.sent);
    return (next < 1 ? first : this.#looks[next - 1]) ?? first;
  }

  /** By how fast the number of pending files has fallen since it was highest. */
  #secondsLeft(begin: Seen, now: number): number | undefined {
    const since = this.#looks.slice(this.#looks.indexOf(begin));
    const peak = since.reduce((most, seen) => (seen.pending >= most.pending ? seen : most), begin);
    const seconds = (now - peak.at) / 1000;
    const pending = this.#looks.at(-1)?.pending ?? 0;
    const fewer = peak.pending - pending;
    return seconds < leastSeconds || fewer <= 0 ? undefined : (pending * seconds) / fewer;
  }

  /** The last look from before the window stands for its beginning. */
  #keep(seen: Seen): void {
    const last = this.#looks.at(-1);
    // Whoever looks a hundred times a second must not make this long.
    if (last && bucketOf(last) === bucketOf(seen)) this.#looks.pop();
    this.#looks.push(seen);
    const begin = seen.at - windowMilliseconds;
    while ((this.#looks[1]?.at ?? seen.at + 1) <= begin) this.#looks.shift();
    const [first, second] = this.#looks;
    if (!first || !second || first.at >= begin) return;
    this.#looks[0] = { ...first, at: begin };
  }
}

function bucketOf({ at }: Seen): number {
  return Math.floor(at / bucketMilliseconds);
}

interface Seen {
  readonly at: number;
  readonly pending: number;
  readonly sent: number;
}

/** Nobody waits for so few long enough to ask how long. */
const fewFiles = 10;
/** A pace of less than this is chance. */
const leastSeconds = 2;
const windowMilliseconds = 15_000;
const bucketMilliseconds = 500;
const unknown: BacklogPace = { perSecond: undefined, secondsLeft: undefined };
