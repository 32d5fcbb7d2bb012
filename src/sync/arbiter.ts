import { type Sides, winnerOf } from './arbitration.js';
import { ContestedNames } from './contested-names.js';

/** A peer, as the arbiter needs it. */
export interface ContestedPeer {
  readonly name: string;
  readonly sides: Sides;
  /** Whether nothing is on its way to it. */
  isAtRest(): boolean;
  /** Whether a name is owed to it and has not been refused by it. */
  isOwed(name: string): boolean;
  /** Sends what is under this name, whatever the peer has there. */
  win(name: string): void;
}

/** What the arbiter works with. Names are those of csync2's database, one character a byte. */
export interface ArbiterParts {
  readonly peers: readonly ContestedPeer[];
  /** Gives csync2's notes of this host for a name, and if `isDeep` for all below it. */
  readonly notes: (name: string, isDeep: boolean) => Iterable<readonly [name: string, text: string]>;
  /** Asks a peer for its notes; whether it has told all. */
  readonly list: (
    peer: string,
    onNote: (name: string, text: string) => void,
    signal: AbortSignal,
  ) => Promise<boolean>;
  /** Whether a name may be decided on now: not what is out of sight. */
  readonly mayDecide: (name: string) => boolean;
  readonly onDecided?: (peer: string, names: readonly string[]) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Sees to it that hosts which have changed the same files at once come to have the same. csync2 resolves a conflict between two of
 * them; what the one that lost had brought to a third host meanwhile, a file or a removal, stays there, and nobody owes it anything.
 * So what was contested is compared with each peer when all is at rest, and what differs twice in the same way is decided.
 */
export class Arbiter {
  readonly #parts: ArbiterParts;
  readonly #cases = new Map<string, Case>();
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(parts: ArbiterParts) {
    this.#parts = parts;
    for (const peer of parts.peers) {
      if (peer.sides.method !== 'none') this.#cases.set(peer.name, newCase(peer));
    }
  }

  /** This host and another one have both changed what is under a name, or what it stands for is not what they take it for. */
  contested(name: string): void {
    if (this.#abort.signal.aborted) return;
    for (const each of this.#cases.values()) {
      each.names.add(name, performance.now());
      each.rounds = 0;
      this.#arm(each, restMilliseconds);
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    for (const { timer } of this.#cases.values()) clearTimeout(timer);
    await Promise.all(this.#running);
  }

  #arm(each: Case, milliseconds: number): void {
    if (each.isComparing) return;
    clearTimeout(each.timer);
    each.timer = setTimeout(() => {
      const run = this.#compare(each)
        .catch((error: unknown) => {
          if (!this.#abort.signal.aborted) this.#parts.onError(error);
        })
        .finally(() => this.#running.delete(run));
      this.#running.add(run);
    }, milliseconds);
    each.timer.unref();
  }

  async #compare(each: Case): Promise<void> {
    if (!each.peer.isAtRest()) return this.#arm(each, restMilliseconds);
    const begun = performance.now();
    each.isComparing = true;
    const differences = await this.#differences(each).finally(() => {
      each.isComparing = false;
    });
    if (this.#abort.signal.aborted) return;
    if (!differences) return this.#arm(each, unreachableMilliseconds);
    if (differences.size > 0) this.#decide(each, differences);
    else each.names.settle(begun);
    each.before = differences;
    if (each.names.size === 0 || ++each.rounds > mostRounds) {
      each.names.settle(Number.POSITIVE_INFINITY);
      return;
    }
    // A comparison asks for all that the peer has: it is to take a small part of the time.
    const pause = againMilliseconds * 2 ** Math.max(0, each.rounds - 2);
    this.#arm(each, Math.max(pause, (performance.now() - begun) * costShare));
  }

  /** What is different under the contested names, as a text of both sides; undefined: the peer did not tell. */
  async #differences({ peer, names }: Case): Promise<Differences | undefined> {
    const { list, notes, mayDecide } = this.#parts;
    const there = new Map<string, string>();
    const onNote = (name: string, text: string) => {
      if (names.concerns(name)) there.set(name, text);
    };
    if (!(await list(peer.name, onNote, this.#abort.signal))) return undefined;
    const here = new Map<string, string>();
    for (const name of names) for (const [each, text] of notes(name, true)) here.set(each, text);
    for (const name of names.above()) for (const [each, text] of notes(name, false)) here.set(each, text);
    const differences: Differences = new Map();
    for (const name of new Set([...here.keys(), ...there.keys()])) {
      const pair = { here: here.get(name), there: there.get(name) };
      if (pair.here !== pair.there && mayDecide(name)) differences.set(name, pair);
    }
    return differences;
  }

  /** Something may have been on its way at the first look: only what has not changed since counts. */
  #decide(each: Case, differences: Differences): void {
    const { peer, before } = each;
    const won: string[] = [];
    for (const [name, { here, there }] of differences) {
      const earlier = before.get(name);
      const isSame = earlier !== undefined && earlier.here === here && earlier.there === there;
      if (!isSame || peer.isOwed(name) || winnerOf(here, there, peer.sides) !== 'here') continue;
      peer.win(name);
      won.push(name);
    }
    if (won.length > 0) this.#parts.onDecided?.(peer.name, won);
  }
}

interface Case {
  readonly peer: ContestedPeer;
  readonly names: ContestedNames;
  before: Differences;
  rounds: number;
  isComparing: boolean;
  timer: NodeJS.Timeout | undefined;
}

type Differences = Map<string, { readonly here: string | undefined; readonly there: string | undefined }>;

function newCase(peer: ContestedPeer): Case {
  return {
    ...{ peer, names: new ContestedNames(), before: new Map() },
    ...{ rounds: 0, isComparing: false, timer: undefined },
  };
}

/** So long nothing is to be contested before both sides are compared. */
const restMilliseconds = 1000;
/** Between the first two comparisons; then longer each time. */
const againMilliseconds = 1500;
/** Minutes in all: what is not decided by then changes all the time, or is refused. */
const mostRounds = 8;
/** A peer that did not tell is asked again. */
const unreachableMilliseconds = 10_000;
/** How much longer than a comparison the pause after it is. */
const costShare = 20;
