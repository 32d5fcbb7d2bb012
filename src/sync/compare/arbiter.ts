import { setTimeout as sleep } from 'node:timers/promises';
import { isTie, type Sides, winnerOf } from './arbitration.js';
import { ContestedNames } from './contested-names.js';
import {
  type ComparedNames,
  type ComparedPeer,
  compareNotes,
  type Differences,
  inCommon,
  type NoteComparisonParts,
} from './note-comparison.js';

/** A peer as the arbiter needs it. */
export interface ContestedPeer extends ComparedPeer {
  readonly sides: Sides;
  /** Whether the peer is paused. Its contested names are heard after it is resumed. */
  isPaused?(): boolean;
  /** Whether nothing is on its way to the peer. */
  isAtRest(): boolean;
  /** Whether a name is pending for the peer and not rejected by it. */
  isOnItsWay(name: string): boolean;
  /** Tries at once those of `names` that the peer has refused: the obstacle may be gone. */
  tryAgain(names: ContestedNames): void;
  /** Sends the file under this name with force. */
  sendForced(name: string): void;
}

/** The parts of {@link Arbiter}. Names are those of csync2's database, one character a byte. */
export interface ArbiterParts extends NoteComparisonParts {
  readonly peers: readonly ContestedPeer[];
  /** Gives csync2's notes of this host for a name, and for all names below it if `isDeep`. */
  readonly notes: (
    name: string,
    isDeep: boolean,
  ) => Iterable<readonly [name: string, text: string]>;
  /** Makes sure that {@link Arbiter.received} has been called for every arrival up to now. */
  readonly lookForArrivals: () => void;
  readonly onDecided?: (peer: string, names: readonly string[]) => void;
  readonly onError: (error: unknown) => void;
  /** A factor by which tests make all pauses longer. */
  readonly pace?: number;
}

/**
 * Makes hosts agree that have changed the same files at once. csync2 resolves a conflict between
 * two hosts. But a file or a removal that the loser had brought to a third host stays there, and
 * nothing is pending for that host. So the arbiter compares contested names with each peer when
 * that peer is at rest, and decides by `auto` those that do not change for a while.
 */
export class Arbiter {
  readonly #parts: ArbiterParts;
  readonly #cases = new Map<string, Case>();
  /** When directories were in the way of something, by the clock of `performance`. */
  readonly #occupied = new Map<string, number>();
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(parts: ArbiterParts) {
    this.#parts = parts;
    for (const peer of parts.peers) {
      if (peer.sides.method !== 'none') this.#cases.set(peer.name, newCase(peer));
    }
  }

  /**
   * This host and another one have both changed the file under a name, or the file is not what they
   * take it for.
   */
  contested(name: string): void {
    if (this.#abort.signal.aborted) return;
    const now = performance.now();
    for (const each of this.#cases.values()) {
      each.names.add(name, now);
      each.rounds = 0;
      // Each try of a refused file comes here, and must not put the hearing off again and again.
      each.hearBy ??= now + mostRestMilliseconds * this.#pace;
      this.#arm(each, Math.max(0, Math.min(restMilliseconds, (each.hearBy - now) / this.#pace)));
    }
  }

  /**
   * A session has met a directory here that is not empty, while its peer has something else under
   * the name.
   */
  occupied(name: string): void {
    const now = performance.now();
    for (const [each, at] of this.#occupied)
      if (now - at > saidMilliseconds) this.#occupied.delete(each);
    this.#occupied.set(name, now);
    this.contested(name);
  }

  /** A file or a removal has come from a peer. */
  received(name: string): void {
    // csync2 also reports a file as received if a directory was in its way.
    if (
      performance.now() - (this.#occupied.get(name) ?? Number.NEGATIVE_INFINITY) <
      saidMilliseconds
    )
      return;
    for (const { names } of this.#cases.values()) names.moved(name, performance.now());
  }

  /** A peer is no longer paused. */
  resumed(peer: string): void {
    const each = this.#cases.get(peer);
    if (each && each.names.size > 0) this.#arm(each, restMilliseconds);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    for (const { timer } of this.#cases.values()) clearTimeout(timer);
    await Promise.all(this.#running);
  }

  get #pace(): number {
    return this.#parts.pace ?? 1;
  }

  #arm(each: Case, milliseconds: number): void {
    if (this.#abort.signal.aborted) return;
    clearTimeout(each.timer);
    each.timer = setTimeout(() => {
      // A second hearing follows after the running one; names contested meanwhile are kept.
      if (each.isHeard) return this.#arm(each, restMilliseconds);
      each.isHeard = true;
      const run = this.#hear(each)
        .catch((error: unknown) => {
          if (!this.#abort.signal.aborted) this.#parts.onError(error);
        })
        .finally(() => {
          each.isHeard = false;
          this.#running.delete(run);
        });
      this.#running.add(run);
    }, milliseconds * this.#pace);
    each.timer.unref();
  }

  async #hear(each: Case): Promise<void> {
    const { names, peer } = each;
    const begun = performance.now();
    each.hearBy = undefined;
    if (peer.isPaused?.()) return;
    if (!peer.isAtRest()) return this.#arm(each, restMilliseconds);
    peer.tryAgain(names);
    const first = await this.#differences(each);
    if (!first) return this.#arm(each, unreachableMilliseconds);
    forgetEqual(names, first, begun);
    if (first.size > 0) {
      await sleep(lookAgainMilliseconds * this.#pace, undefined, {
        ref: false,
        signal: this.#abort.signal,
      });
      const second = await this.#differences(each);
      this.#parts.lookForArrivals();
      // A host that sends a part of a tree may have removed the rest, and be about to say so.
      const isStill = (name: string) => !names.hasMoved(name, begun);
      if (second) this.#decide(each, inCommon(first, second), isStill);
    }
    if (each.rounds > mostRounds) names.forgetBefore(Number.POSITIVE_INFINITY);
    if (names.size === 0) return each.yielded.clear();
    // A comparison asks for all that the peer has, so it must take only a small part of the time.
    const cost =
      (performance.now() - begun - (first.size > 0 ? lookAgainMilliseconds : 0)) * costShare;
    this.#arm(each, Math.max(againMilliseconds * 2 ** each.rounds++, cost));
  }

  /** The differences under the contested names; undefined if the peer did not tell. */
  async #differences({ peer, names }: Case): Promise<Differences | undefined> {
    const { notes } = this.#parts;
    const scope: ComparedNames = {
      concerns: (name) => names.concerns(name),
      *own() {
        for (const name of names) yield* notes(name, true);
        for (const name of names.above()) yield* notes(name, false);
      },
    };
    return (await compareNotes(peer, scope, this.#parts, this.#abort.signal))?.differences;
  }

  #decide(
    { peer, yielded }: Case,
    differences: Differences,
    isStill: (name: string) => boolean,
  ): void {
    const won: string[] = [];
    for (const [name, { here, there }] of differences) {
      if (!isStill(name) || peer.isOnItsWay(name)) continue;
      const winner = winnerOf(here, there, peer.sides);
      // If the winning peer knew of the difference, it would have sent its version by now. It may
      // have been no party to the conflict.
      const times = yielded.get(name) ?? 0;
      const isUnclaimed =
        winner === 'there' && isTie(here, there, peer.sides) && times >= mostYields;
      if (winner === 'there') yielded.set(name, times + 1);
      if (winner !== 'here' && !isUnclaimed) continue;
      yielded.delete(name);
      peer.sendForced(name);
      won.push(name);
    }
    if (won.length > 0) this.#parts.onDecided?.(peer.name, won);
  }
}

interface Case {
  readonly peer: ContestedPeer;
  readonly names: ContestedNames;
  /** How often each name was left to the peer to send. */
  readonly yielded: Map<string, number>;
  /**
   * The latest time of the next hearing, by the clock of `performance`; undefined if nothing was
   * contested since the last one.
   */
  hearBy: number | undefined;
  /** The number of hearings since something was contested last. */
  rounds: number;
  isHeard: boolean;
  timer: NodeJS.Timeout | undefined;
}

function newCase(peer: ContestedPeer): Case {
  return {
    peer,
    names: new ContestedNames(),
    yielded: new Map(),
    hearBy: undefined,
    rounds: 0,
    isHeard: false,
    timer: undefined,
  };
}

/** Forgets the names that are equal on both sides. */
function forgetEqual(names: ContestedNames, differences: Differences, before: number): void {
  const open = new ContestedNames();
  for (const name of differences.keys()) open.add(name, before);
  names.forgetBefore(before, open);
}

/** Both sides are compared after nothing has been contested for this time. */
const restMilliseconds = 700;
/**
 * Differences are looked at a second time after this pause, which is longer than csync2 sleeps at a
 * lock.
 */
const lookAgainMilliseconds = 1300;
/** A hearing is put off for this time at most if names are contested all the time. */
const mostRestMilliseconds = 1500;
/** By then a session's message about a file has been read. */
const saidMilliseconds = 5000;
/** The peer may wait for a third host. */
const mostYields = 2;
/** The pause before the next hearing; it grows each time. */
const againMilliseconds = 500;
/** Minutes in all. Names that are not decided by then change all the time, or are refused. */
const mostRounds = 8;
/** The pause before a peer that did not tell is asked again. */
const unreachableMilliseconds = 10_000;
/** The pause after a comparison is this many times as long as the comparison. */
const costShare = 20;
