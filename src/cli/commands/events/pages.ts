import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, InotifyCsyncError } from '../../../errors.js';
import { NoAnswerError, NotRunningError } from '../../../observe/control-client.js';
import { longestEventsWait } from '../../../observe/control-protocol.js';
import type { EventsReply } from '../../../observe/control-replies.js';

/**
 * Asks for the page after event `after`, and waits for it at most `seconds`. Rejects as `askDaemon`
 * does.
 */
export type Ask = (after: number | undefined, seconds: number) => Promise<EventsReply>;

/**
 * All events up to now, page by page. With `follows` also later events, until the daemon ends. Asks
 * for a page only when the previous one has been used.
 *
 * Rejects as `ask` does. While it follows, it does not reject when the daemon has ended or has no
 * room for this client at the moment.
 */
export async function* pagesOf(ask: Ask, follows: boolean): AsyncGenerator<EventsReply> {
  const first = await ask(undefined, 0);
  yield first;
  let { next } = first;
  while (follows || next < first.end) {
    const page = await (follows ? following(ask, next) : ask(next, 0));
    if (page?.run !== first.run) return;
    yield page;
    next = page.next;
    // Changes in quick succession share a page.
    if (follows) await sleep(betweenPages);
  }
}

/** The next page; undefined if the daemon has ended. */
async function following(ask: Ask, after: number): Promise<EventsReply | undefined> {
  let failures = 0;
  for (let seconds = longestEventsWait; ; ) {
    try {
      return await ask(after, seconds);
    } catch (error) {
      if (error instanceof NotRunningError && error.exitCode === exitCodes.notRunning)
        return undefined;
      // A daemon that ends closes its connections first.
      const isEnding = error instanceof NoAnswerError && failures++ === 0;
      const isBusy = error instanceof InotifyCsyncError && error.code === 'ICS_BUSY';
      if (!isEnding && !isBusy) throw error;
      // If too many clients wait already, ask without waiting now and then.
      if (isBusy) seconds = 0;
      await sleep(isBusy ? busyMilliseconds : endingMilliseconds);
    }
  }
}

const betweenPages = 20;
const busyMilliseconds = 1000;
const endingMilliseconds = 200;
