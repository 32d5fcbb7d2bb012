import { counted } from '../../text/counted.js';
import type { PathKey } from '../../text/path-bytes.js';

/** The stage that the changes before a flush have reached; see {@link FlushProgress}. */
export type FlushStage = 'reload' | 'events' | 'queue' | 'check' | 'marks' | 'full-check' | 'peers';

/** Something that a flush still waits for. */
export interface FlushPending {
  /** The stage that it waits for. */
  readonly stage: FlushStage;
  /** One sentence, for people. */
  readonly text: string;
  /** The peer that it waits for, if any. */
  readonly peer?: string;
  /** How many files the peer lacks, if known. */
  readonly files?: number;
}

/** The state of all stages at one instant. */
export interface FlushView {
  /**
   * The watcher and sync at work. It is another object after a reload, and undefined while one
   * takes over from another.
   */
  readonly generation: object | undefined;
  readonly events: EventsView;
  /** Numbers of records, the last one written so far and the last one done. */
  readonly queue: { readonly written: number; readonly done: number };
  /**
   * Number of the last record that had been set aside, and has been written into the queue again.
   */
  readonly requeued: number;
  /** How often a lane has requested another check of a file. */
  readonly rechecks: number;
  /** Paths that concern the flush and are no longer in the queue, but will be in it again. */
  setAside(): ReadonlyMap<PathKey, SetAside>;
  readonly fullCheck: {
    readonly due: { readonly ticket: number; readonly reason: string } | undefined;
    /** The ticket with which the last successful full check began. */
    readonly succeeded: number;
  };
  /** Whether csync2 has yet to mark files that a torn check may have left. */
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
  /** Events wait in the kernel. Read before `begun`. */
  readonly hasUnread: boolean;
  /** How many readings of the kernel's events have begun. */
  readonly begun: bigint;
  /** All events of readings up to this one are in the queue. */
  readonly kept: bigint;
  /** Why the events don't report all changes, for people; undefined if they do. */
  readonly blind: string | undefined;
}

/** A peer that the flush waits for. */
export interface FlushPeer {
  readonly name: string;
  /** The peer has not been compared yet, so the files that it lacks are unknown. */
  readonly isNew: boolean;
  /**
   * The files that the peer lacks, as far as they concern the flush. Only their number, if names
   * can't be read. Undefined if unknown.
   */
  lacks(): ReadonlySet<PathKey> | number | undefined;
  /** Why it lacks them, for people. */
  why(): string;
}

/**
 * Follows all changes before its creation through all stages, like a marker sent after them. It
 * does not wait for later changes, and follows changes that leave the usual way. Pure. {@link look}
 * returns what is still pending, nothing when all changes have reached the peers.
 *
 * Events: once no event waits in the kernel, the readings begun by then have taken all earlier
 * events. When these readings are kept, the events are in the queue, or a full check is due in
 * their place. Queue: all records written by then must be done. Set aside: a path that could not be
 * checked, or is being received, comes into the queue again under another number. Full check: a
 * loss on the way so far has made one due. Peers: by then csync2 has marked all differences, and
 * each mark must be gone once.
 */
export class FlushProgress {
  #generation: object | undefined;
  /**
   * All readings up to this one have to be kept. Undefined while events may still wait in the
   * kernel.
   */
  #reading: bigint | undefined;
  #isInQueue = false;
  #upTo = 0;
  #rechecks = 0;
  /**
   * Paths set aside when the queue was done up to then, and not handled since; undefined if not
   * known yet.
   */
  #aside: ReadonlySet<PathKey> | undefined;
  #ticket: number | undefined;
  readonly #lacking = new Map<string, Lacking>();
  readonly #served = new Set<string>();

  /** Whether it waits only for peers, because all differences are marked. */
  get isMarked(): boolean {
    return this.#ticket !== undefined;
  }

  /**
   * Returns what is pending now. Empty if all changes before the first look have reached the peers.
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
   * A push to a peer has ended and these files have arrived, as far as known. A file that changes
   * all the time is pending again at every look, although it has been sent since.
   */
  pushed(peer: string, files: readonly PathKey[]): void {
    const lacking = this.#lacking.get(peer);
    if (!lacking) return;
    // The first push may have begun earlier, and have sent an older version.
    if (lacking.pushes++ > 0) for (const file of files) lacking.files.delete(file);
  }

  /**
   * Starts again. Nothing is lost, because the unwritten changes of the previous generation are in
   * the queue, or a full check is due.
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
    // A reading without events gives its number back, so it can't be kept.
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
      // A lane has found that csync2 has treated a file as deleted. The file has to pass all stages
      // again.
      this.#rechecks = view.rechecks;
      this.#upTo = view.queue.written;
      this.#again();
    }
    if (this.#aside?.size === 0) return undefined;
    this.#upTo = Math.max(this.#upTo, view.requeued);
    const left = this.#upTo - view.queue.done;
    if (left > 0)
      return [pending('queue', `${counted(left, 'change waits', 'changes wait')} to be checked`)];
    const aside = view.setAside();
    const before = this.#aside;
    // A part of a tree that was set aside and checked may still be set aside.
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

/** The files that a peer lacked when all differences were marked, and has not received since. */
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
