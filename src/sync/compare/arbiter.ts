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

/** A peer, as the arbiter needs it. */
export interface ContestedPeer extends ComparedPeer {
  readonly sides: Sides;
  /** Whether it is paused: what is contested is heard when it is resumed. */
  isPaused?(): boolean;
  /** Whether nothing is on its way to it. */
  isAtRest(): boolean;
  /** Whether a name is pending for it, and not rejected by it. */
  isOnItsWay(name: string): boolean;
  /** Tries at once what it has refused of these names: what was in its way may be gone. */
  tryAgain(names: ContestedNames): void;
  /** Sends what is under this name, whatever the peer has there. */
  win(name: string): void;
}

/** What the arbiter works with. Names are those of csync2's database, one character a byte. */
export interface ArbiterParts extends NoteComparisonParts {
  readonly peers: readonly ContestedPeer[];
  /** Gives csync2's notes of this host for a name, and if `isDeep` for all below it. */
  readonly notes: (
    name: string,
    isDeep: boolean,
  ) => Iterable<readonly [name: string, text: string]>;
  /** Has {@link Arbiter.received} told of all that has come by now. */
  readonly lookForArrivals: () => void;
  readonly onDecided?: (peer: string, names: readonly string[]) => void;
  readonly onError: (error: unknown) => void;
  /** For tests: how much longer all its pauses are. */
  readonly pace?: number;
}

/**
 * Sees to it that hosts which have changed the same files at once come to have the same. csync2
 * resolves a conflict between two of them; what the one that lost had brought to a third host
 * meanwhile, a file or a removal, stays there, and nothing is pending for that host. So what was
 * contested is compared with each peer when it is at rest, and what does not change for a while
 * goes by `auto`.
 */
export class Arbiter {
  readonly #parts: ArbiterParts;
  readonly #cases = new Map<string, Case>();
  /** When directories were in the way of something, in the clock of `performance`. */
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
   * This host and another one have both changed what is under a name, or what it stands for is not
   * what they take it for.
   */
  contested(name: string): void {
    if (this.#abort.signal.aborted) return;
    const now = performance.now();
    for (const each of this.#cases.values()) {
      each.names.add(name, now);
      each.rounds = 0;
      // Each try of what is refused comes here: it must not put the hearing off again and again.
      each.hearBy ??= now + mostRestMilliseconds * this.#pace;
      this.#arm(each, Math.max(0, Math.min(restMilliseconds, (each.hearBy - now) / this.#pace)));
    }
  }

  /** A session has met a directory here with something in it, where its peer has something else. */
  occupied(name: string): void {
    const now = performance.now();
    for (const [each, at] of this.#occupied)
      if (now - at > saidMilliseconds) this.#occupied.delete(each);
    this.#occupied.set(name, now);
    this.contested(name);
  }

  /** Something has come from a peer, a file or its removal. */
  received(name: string): void {
    // csync2 says so, too, of what a directory was in the way of.
    if (
      performance.now() - (this.#occupied.get(name) ?? Number.NEGATIVE_INFINITY) <
      saidMilliseconds
    )
      return;
    for (const { names } of this.#cases.values()) names.moved(name, performance.now());
  }

  /** A peer is paused no longer. */
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
      // It is heard again when it has been: what has been contested meanwhile is kept.
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
      // A host that sends a part of it may have removed the rest, and be about to say so.
      const isStill = (name: string) => !names.hasMoved(name, begun);
      if (second) this.#decide(each, inCommon(first, second), isStill);
    }
    if (each.rounds > mostRounds) names.forgetBefore(Number.POSITIVE_INFINITY);
    if (names.size === 0) return each.yielded.clear();
    // A comparison asks for all that the peer has: it is to take a small part of the time.
    const cost =
      (performance.now() - begun - (first.size > 0 ? lookAgainMilliseconds : 0)) * costShare;
    this.#arm(each, Math.max(againMilliseconds * 2 ** each.rounds++, cost));
  }

  /** What is different under the contested names; undefined: the peer did not tell. */
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
      // A peer that knows of it would have sent what it wins with by now. It may have been no party
      // to the conflict.
      const times = yielded.get(name) ?? 0;
      const isUnclaimed =
        winner === 'there' && isTie(here, there, peer.sides) && times >= mostYields;
      if (winner === 'there') yielded.set(name, times + 1);
      if (winner !== 'here' && !isUnclaimed) continue;
      yielded.delete(name);
      peer.win(name);
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
   * When it is heard at the latest, in the clock of `performance`; undefined: nothing has been
   * contested since it was heard last.
   */
  hearBy: number | undefined;
  /** How often it has been heard since something was contested last. */
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

/** What is the same on both sides is contested no longer. */
function forgetEqual(names: ContestedNames, differences: Differences, before: number): void {
  const open = new ContestedNames();
  for (const name of differences.keys()) open.add(name, before);
  names.forgetBefore(before, open);
}

/** So long nothing is to be contested before both sides are compared. */
const restMilliseconds = 700;
/** What differs is looked at once more after this time: more than csync2 sleeps at a lock. */
const lookAgainMilliseconds = 1300;
/** So long it is put off if more is contested all the time. */
const mostRestMilliseconds = 1500;
/** What a session says of a file is read by then. */
const saidMilliseconds = 5000;
/** A third host may be what it waits for. */
const mostYields = 2;
/** Until it is heard again; then longer each time. */
const againMilliseconds = 500;
/** Minutes in all: what is not decided by then changes all the time, or is refused. */
const mostRounds = 8;
/** A peer that did not tell is asked again. */
const unreachableMilliseconds = 10_000;
/** How much longer than a comparison the pause after it is. */
const costShare = 20;
