import { exitCodes, InotifyCsyncError } from '../errors.js';
import type { EventsReply } from './control-replies.js';
import type { EventRing, RingPage, RingQuery } from './event-ring.js';

/**
 * Answers readers of events, page by page. A reader remembers its place itself, and asks for the
 * next page when it has used the previous one. So nothing is kept here even for slow readers.
 */
export class EventReaders {
  readonly #ring: EventRing;
  readonly #run: string;
  #waiting = 0;

  /** @param run - distinguishes this ring from the ring of another run */
  constructor(ring: EventRing, run: string) {
    this.#ring = ring;
    this.#run = run;
  }

  /**
   * Returns the next page. If it has no event yet, waits for one, for at most so many seconds, and
   * until `gone` is aborted.
   *
   * Throws an {@link EventsBusyError}.
   */
  async read(query: RingQuery, seconds: number, gone: AbortSignal): Promise<EventsReply> {
    const page = this.#ring.read(query);
    if (page.events.length > 0 || seconds === 0) return { ...page, run: this.#run };
    if (this.#waiting >= mostWaiting) throw new EventsBusyError();
    this.#waiting++;
    try {
      return await this.#wait(query, page, seconds, gone);
    } finally {
      this.#waiting--;
    }
  }

  async #wait(
    query: RingQuery,
    empty: RingPage,
    seconds: number,
    gone: AbortSignal,
  ): Promise<EventsReply> {
    const until = performance.now() + seconds * 1000;
    let page = empty;
    let leftOut = page.left_out;
    while (page.events.length === 0 && performance.now() < until && !gone.aborted) {
      await this.#ring.change(until - performance.now(), gone);
      page = this.#ring.read({ ...query, after: page.next });
      leftOut += page.left_out;
    }
    return { ...page, left_out: leftOut, run: this.#run };
  }
}

/** Too many clients wait for events. Each of them occupies a place of the control socket. */
export class EventsBusyError extends InotifyCsyncError {
  constructor() {
    super(
      'ICS_BUSY',
      exitCodes.temporary,
      `${mostWaiting} clients wait for events already`,
      'try again later',
    );
  }
}

const mostWaiting = 6;
