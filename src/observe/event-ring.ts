import type { Outcome } from '../csync2/run/result.js';
import type { AcceptedFile } from '../sync/push/lane.js';

/** An event, without its path or text. */
export interface RingEvent {
  readonly event: 'sent' | 'received' | 'rejected' | 'conflict' | 'peer' | 'full-check' | 'loss';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly peer?: string;
  /** The kind of change that was sent. */
  readonly kind?: AcceptedFile['kind'];
  /** Milliseconds from the change to its acceptance, or of a full check; undefined if unknown. */
  readonly ms?: number | undefined;
  /** The number of files, for files sent without known names, or found by a full check. */
  readonly files?: number;
  /** Why a file is rejected. */
  readonly reason?: Outcome;
  /** The new state of a peer, or of a full check. */
  readonly state?: Outcome | 'back' | 'paused' | 'resumed' | 'begun' | 'finished' | 'incomplete';
}

/** An event as it is read, with its path or, if it has none, a text; one character a byte. */
export interface ReadEvent extends RingEvent {
  readonly bytes?: string;
}

/** Which events to read. */
export interface RingQuery {
  /** `next` of the previous page; undefined to begin with the oldest event. */
  readonly after?: number | undefined;
  /** Only events about this peer. */
  readonly peer?: string | undefined;
  /** Only events from then on, milliseconds since 1970. */
  readonly since?: number | undefined;
}

/** Some events, in the order in which they became known. */
export interface RingPage {
  readonly events: readonly ReadEvent[];
  /** The number at which the next page begins. */
  readonly next: number;
  /** The number at which the last page ends. */
  readonly end: number;
  /** Events since `after`, of all peers, that had been overwritten before they could be read. */
  readonly left_out: number;
}

/**
 * Keeps the last events of this run in memory, with a limit on their number and on the bytes of
 * their paths. Readers don't make it larger. A slow reader finds that the oldest events have been
 * overwritten, and how many.
 */
export class EventRing {
  readonly #entries: Entry[] = [];
  readonly #most: number;
  /**
   * Paths and texts, one after the other, in a circle. The system provides the memory only when it
   * is written to.
   */
  readonly #bytes: Buffer;
  /** The number of bytes used so far, in all rounds. */
  #used = 0;
  /** Numbers of the oldest kept event, and of the next one. */
  #first = 0;
  #next = 0;
  readonly #listeners = new Set<() => void>();

  constructor(limits: { readonly entries: number; readonly bytes: number } = usualLimits) {
    this.#most = limits.entries;
    this.#bytes = Buffer.alloc(limits.bytes);
  }

  /** @param text - its path or text; copied, because a short name may hold a large buffer */
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

  /** Returns a page of limited size. At the end `events` may be empty and `next` is `end`. */
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
  /** Position among all bytes ever used. */
  readonly start: number;
  readonly length: number;
}

const none = Buffer.alloc(0);
const usualLimits = { entries: 10_000, bytes: 2 * 1024 * 1024 };
/** Longer than any path that csync2 can handle. */
const longestText = 8192;
/** Limits of a page. As JSON, a byte takes at most six. */
const pageEvents = 500;
const pageBytes = 65_536;
