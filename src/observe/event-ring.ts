import type { Outcome } from '../csync2/run/result.js';
import type { AcceptedFile } from '../sync/push/lane.js';

/** Something that has happened, without its path or text. */
export interface RingEvent {
  readonly event: 'sent' | 'received' | 'rejected' | 'conflict' | 'peer' | 'full-check' | 'loss';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly peer?: string;
  /** What was sent. */
  readonly kind?: AcceptedFile['kind'];
  /**
   * Milliseconds from the change to its acceptance, or that a full check took; undefined if that is
   * not known.
   */
  readonly ms?: number | undefined;
  /** How many files: sent without their names being known, or found by a full check. */
  readonly files?: number;
  /** Why a file is rejected. */
  readonly reason?: Outcome;
  /** What a peer has become, or a full check. */
  readonly state?: Outcome | 'back' | 'paused' | 'resumed' | 'begun' | 'finished' | 'incomplete';
}

/**
 * An event as it is read: with its path, or for those that have none a text, one character a byte.
 */
export interface ReadEvent extends RingEvent {
  readonly bytes?: string;
}

/** Which events to read. */
export interface RingQuery {
  /** `next` of the page before; undefined: from the oldest on. */
  readonly after?: number | undefined;
  /** Only those about this peer. */
  readonly peer?: string | undefined;
  /** Only those from then on, milliseconds since 1970. */
  readonly since?: number | undefined;
}

/** Some events, in the order in which they became known. */
export interface RingPage {
  readonly events: readonly ReadEvent[];
  /** Where the next page begins. */
  readonly next: number;
  /** Where the last one ends. */
  readonly end: number;
  /** Events since `after`, of all peers, that had been overwritten before they could be read. */
  readonly left_out: number;
}

/**
 * The last events of this run, in memory: so many, with so many bytes of paths. No reader makes it
 * larger: one that is slow finds that the oldest have been overwritten, and how many.
 */
export class EventRing {
  readonly #entries: Entry[] = [];
  readonly #most: number;
  /**
   * Paths and texts, one after the other, around and around. The system gives the memory when it is
   * written to.
   */
  readonly #bytes: Buffer;
  /** How many bytes have been used ever. */
  #used = 0;
  /** Numbers of the oldest event that is kept, and of the next to come. */
  #first = 0;
  #next = 0;
  readonly #listeners = new Set<() => void>();

  constructor(limits: { readonly entries: number; readonly bytes: number } = usualLimits) {
    this.#most = limits.entries;
    this.#bytes = Buffer.alloc(limits.bytes);
  }

  /** @param text - its path or text; copied, since a short name may hold a large buffer */
  add(event: RingEvent, text: Buffer = none): void {
    const length = Math.min(text.length, longestText, this.#bytes.length);
    const toEdge = this.#bytes.length - (this.#used % this.#bytes.length);
    const start = length > toEdge ? this.#used + toEdge : this.#used;
    text.copy(this.#bytes, start % this.#bytes.length, 0, length);
    this.#used = start + length;
    this.#entries[this.#next % this.#most] = { event, start, length };
    this.#next++;
    this.#first = Math.max(this.#first, this.#next - this.#most);
    while (this.#at(this.#first).start < this.#used - this.#bytes.length) this.#first++;
    for (const listener of this.#listeners) listener();
  }

  /** A page of bounded size. Where there is no more, `events` may be empty and `next` is `end`. */
  read({ after, peer, since = 0 }: RingQuery): RingPage {
    const from = Math.min(after ?? this.#first, this.#next);
    const events: ReadEvent[] = [];
    let next = Math.max(from, this.#first);
    for (
      let bytes = 0;
      next < this.#next && events.length < pageEvents && bytes < pageBytes;
      next++
    ) {
      const { event, start, length } = this.#at(next);
      if ((peer !== undefined && event.peer !== peer) || event.at < since) continue;
      const begin = start % this.#bytes.length;
      const text = this.#bytes.toString('latin1', begin, begin + length);
      events.push(length === 0 ? event : { ...event, bytes: text });
      bytes += length;
    }
    return { events, next, end: this.#next, left_out: Math.max(0, this.#first - from) };
  }

  /** Resolves when an event comes, after so many milliseconds, or when the signal is aborted. */
  change(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#listeners.add(done);
      signal.addEventListener('abort', done);
    });
  }

  #at(number: number): Entry {
    return this.#entries[number % this.#most] as Entry;
  }
}

interface Entry {
  readonly event: RingEvent;
  /** Of all bytes ever used. */
  readonly start: number;
  readonly length: number;
}

const none = Buffer.alloc(0);
const usualLimits = { entries: 10_000, bytes: 2 * 1024 * 1024 };
/** More than a path has that csync2 can handle. */
const longestText = 8192;
/** Of a page; as JSON, a byte takes six at most. */
const pageEvents = 500;
const pageBytes = 65_536;
