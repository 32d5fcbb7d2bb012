import { counted } from '../../text/counted.js';
import type { PathKey } from '../../text/path-bytes.js';

/** How far what had been changed before a flush has come; see {@link FlushProgress}. */
export type FlushStage = 'reload' | 'events' | 'queue' | 'check' | 'marks' | 'full-check' | 'peers';

/** What a flush still waits for. */
export interface FlushPending {
  /** The stage that it waits for. */
  readonly stage: FlushStage;
  /** One sentence, for people. */
  readonly text: string;
  /** The peer, if it waits for one. */
  readonly peer?: string;
  /** How many files the peer lacks, if that is known. */
  readonly files?: number;
}

/** The state of all stages at one instant. */
export interface FlushView {
  /**
   * What watches and sends; another object after a reload, undefined while one takes over from
   * another.
   */
  readonly generation: object | undefined;
  readonly events: EventsView;
  /** Numbers of records: written so far, and of these done. */
  readonly queue: { readonly written: number; readonly done: number };
  /**
   * Number of the last record that had been set aside, and has been written into the queue again.
   */
  readonly requeued: number;
  /** How often a lane has had a file checked once more. */
  readonly rechecks: number;
  /** Paths that concern the flush, are no longer in the queue, and will be in it again. */
  aside(): ReadonlyMap<PathKey, SetAside>;
  readonly fullCheck: {
    readonly due: { readonly ticket: number; readonly reason: string } | undefined;
    /** The ticket that the last full check which succeeded began with. */
    readonly succeeded: number;
  };
  /** Whether csync2 has yet to mark what a check that was cut short may have torn. */
  isMarking(): boolean;
  readonly peers: readonly FlushPeer[];
}

/** Why a path is not in the queue. */
export interface SetAside {
  /** The path and why, for people. */
  readonly text: string;
}

/** The state between the kernel and the queue (native/watch/handover.h). */
export interface EventsView {
  /** Events wait in the kernel. Looked at before `begun` is. */
  readonly hasUnread: boolean;
  /** Readings of the kernel's events that have begun. */
  readonly begun: bigint;
  /** All that these first readings gave is in the queue. */
  readonly kept: bigint;
  /** Why events don't tell of all changes, for people; undefined: they do. */
  readonly blind: string | undefined;
}

/** A peer that is waited for. */
export interface FlushPeer {
  readonly name: string;
  /** It has not been compared yet, so what it lacks is unknown. */
  readonly isNew: boolean;
  /**
   * The files it lacks, as far as they concern the flush; only their number, where names can't be
   * had; undefined while that can't be told.
   */
  lacks(): ReadonlySet<PathKey> | number | undefined;
  /** Why it lacks them, for people. */
  why(): string;
}

/**
 * Follows everything that had been changed before it was made through all stages, as a marker would
 * that is sent after it: what comes later is not waited for, and what has gone another way is
 * sought there. Pure: {@link look} says what is still pending; nothing is, when all is on the
 * peers.
 *
 * Events: what waited in the kernel has been taken from it once nothing waits there; the readings
 * begun by then have taken it, and when these are kept, it is in the queue, or a full check is due
 * in its place. Queue: all that is written by then must be done. Set aside: what could not be
 * checked, or is being received, comes into the queue again under another number. Full check: a
 * loss on the way so far has made one due. Peers: by then csync2 has marked all that differs, and
 * what is marked must be gone, once.
 */
export class FlushProgress {
  #generation: object | undefined;
  /**
   * All readings up to this one have to be kept; undefined: something may still wait in the kernel.
   */
  #reading: bigint | undefined;
  #isInQueue = false;
  #upTo = 0;
  #rechecks = 0;
  /** Set aside when all up to then was done, and not seen to since; undefined: not known yet. */
  #aside: ReadonlySet<PathKey> | undefined;
  #ticket: number | undefined;
  readonly #lacking = new Map<string, Lacking>();
  readonly #served = new Set<string>();

  /** Whether only peers are waited for: all that differs is marked. */
  get isMarked(): boolean {
    return this.#ticket !== undefined;
  }

  /**
   * What is pending now. Empty: all that had been changed before the first look is on the peers.
   */
  look(view: FlushView): readonly FlushPending[] {
    if (view.generation === undefined)
      return [pending('reload', 'a configuration is being applied')];
    if (view.generation !== this.#generation) this.#begin(view.generation);
    return (
      this.#events(view) ??
      this.#queue(view) ??
      this.#marks(view) ??
      this.#fullCheck(view) ??
      view.peers.flatMap((peer) => this.#peer(peer) ?? [])
    );
  }

  /**
   * A push to a peer has ended and these files have arrived, as far as that is known. One that is
   * changed all the time is pending again at every look, though it has been sent since.
   */
  pushed(peer: string, files: readonly PathKey[]): void {
    const lacking = this.#lacking.get(peer);
    if (!lacking) return;
    // The first may have begun before, and have sent what was there then.
    if (lacking.pushes++ > 0) for (const file of files) lacking.files.delete(file);
  }

  /**
   * The unwritten changes of the generation before are in the queue, or a full check is due:
   * nothing is lost by starting again.
   */
  #begin(generation: object): void {
    this.#generation = generation;
    this.#reading = undefined;
    this.#isInQueue = false;
    this.#again();
  }

  #again(): void {
    this.#aside = undefined;
    this.#ticket = undefined;
    this.#lacking.clear();
    this.#served.clear();
  }

  #events({ events, queue, rechecks }: FlushView): FlushPending[] | undefined {
    if (this.#isInQueue) return undefined;
    if (!events.hasUnread) this.#reading ??= events.begun;
    const { begun, kept } = events;
    // A reading that brings nothing gives its number back: then there is none of it to be kept.
    const isKept = this.#reading !== undefined && (kept >= this.#reading || kept === begun);
    if (events.blind !== undefined) return [pending('events', events.blind)];
    if (!isKept) return [pending('events', 'changes are being read from the kernel')];
    this.#isInQueue = true;
    this.#upTo = queue.written;
    this.#rechecks = rechecks;
    return undefined;
  }

  #queue(view: FlushView): FlushPending[] | undefined {
    if (view.rechecks !== this.#rechecks) {
      // A lane has found that csync2 has taken a file for deleted: it has to come by all stages
      // once more.
      this.#rechecks = view.rechecks;
      this.#upTo = view.queue.written;
      this.#again();
    }
    if (this.#aside?.size === 0) return undefined;
    this.#upTo = Math.max(this.#upTo, view.requeued);
    const left = this.#upTo - view.queue.done;
    if (left > 0)
      return [pending('queue', `${counted(left, 'change waits', 'changes wait')} to be checked`)];
    const aside = view.aside();
    const before = this.#aside;
    // Of a tree that was set aside, and has been checked since, a part may be.
    const still = [...aside].filter(([path]) => before === undefined || isWithinAny(path, before));
    this.#aside = new Set(still.map(([path]) => path));
    if (still.length === 0) return undefined;
    return still.slice(0, mostPaths).map(([, { text }]) => pending('check', text));
  }

  #marks(view: FlushView): FlushPending[] | undefined {
    if (!view.isMarking()) return undefined;
    this.#ticket = undefined;
    this.#lacking.clear();
    this.#served.clear();
    return [pending('marks', 'changes found by an interrupted check wait to be marked')];
  }

  #fullCheck({ fullCheck: { due, succeeded } }: FlushView): FlushPending[] | undefined {
    this.#ticket ??= due?.ticket ?? 0;
    if (due === undefined || succeeded >= this.#ticket || this.#ticket === 0) return undefined;
    return [pending('full-check', `a full check is due: ${due.reason}`)];
  }

  #peer(peer: FlushPeer): FlushPending | undefined {
    const { name, isNew } = peer;
    if (this.#served.has(name)) return undefined;
    if (isNew) return { stage: 'peers', text: `${name} is new and not yet compared`, peer: name };
    const lacks = peer.lacks();
    const before = this.#lacking.get(name);
    if (lacks === undefined) return this.#lacksText(peer, before?.files.size);
    if (typeof lacks === 'number') {
      if (lacks > 0) return this.#lacksText(peer, lacks);
    } else {
      const files = new Set([...(before?.files ?? lacks)].filter((file) => lacks.has(file)));
      this.#lacking.set(name, { files, pushes: before?.pushes ?? 0 });
      if (files.size > 0) return this.#lacksText(peer, files.size);
    }
    this.#served.add(name);
    return undefined;
  }

  #lacksText(peer: FlushPeer, files: number | undefined): FlushPending {
    const why = peer.why();
    const count = files === undefined ? 'files' : counted(files, 'file');
    const text = `${peer.name}: ${count} pending${why && ` (${why})`}`;
    return { stage: 'peers', text, peer: peer.name, ...(files === undefined ? {} : { files }) };
  }
}

/** The files that a peer lacked when all was marked, and has not had since. */
interface Lacking {
  readonly files: Set<PathKey>;
  /** Pushes that have ended since then. */
  pushes: number;
}

function pending(stage: FlushStage, text: string): FlushPending {
  return { stage, text };
}

function isWithinAny(path: PathKey, places: ReadonlySet<PathKey>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (places.has(path.slice(0, end))) return true;
  }
  return places.has('/');
}

const mostPaths = 20;
