import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, InotifyCsyncError } from '../../../errors.js';
import { NoAnswerError, NotRunningError } from '../../../observe/control-client.js';
import { longestEventsWait } from '../../../observe/control-protocol.js';
import type { EventsReply } from '../../../observe/control-replies.js';

/**
 * Asks for the page behind another, and waits for it so many seconds; rejects as `askDaemon` does.
 */
export type Ask = (after: number | undefined, seconds: number) => Promise<EventsReply>;

/**
 * All events up to now, page by page; with `follows`, those that come, too, until the daemon has
 * ended. Asks for a page when the one before has been dealt with.
 *
 * Rejects as `ask` does, but while it follows not for a daemon that has ended, or that has no place
 * for this client at the moment.
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
    // Changes that come one by one in quick succession make one page.
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
      // One that ends closes connections first.
      const isEnding = error instanceof NoAnswerError && failures++ === 0;
      const isBusy = error instanceof InotifyCsyncError && error.code === 'ICS_BUSY';
      if (!isEnding && !isBusy) throw error;
      // Where too many wait already, it asks now and then.
      if (isBusy) seconds = 0;
      await sleep(isBusy ? busyMilliseconds : endingMilliseconds);
    }
  }
}

const betweenPages = 20;
const busyMilliseconds = 1000;
const endingMilliseconds = 200;
