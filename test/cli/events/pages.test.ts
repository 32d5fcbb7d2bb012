import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Ask, pagesOf } from '#src/cli/commands/events/pages.js';
import { InotifyCsyncError } from '#src/errors.js';
import { NoAnswerError, NotRunningError } from '#src/observe/control-client.js';
import type { EventsReply } from '#src/observe/control-replies.js';

const page = (next: number, end: number, run = 'first'): EventsReply => ({
  ...{ events: [], left_out: 0 },
  ...{ next, end, run },
});
const notRunning = new NotRunningError(
  '/socket',
  Object.assign(new Error(), { code: 'ECONNREFUSED' }),
);
const noAnswer = new NoAnswerError('/socket', 'it closed the connection');
const busy = new InotifyCsyncError('ICS_BUSY', 75, 'too many', 'try again');

/** Answers with one after the other, and keeps what it was asked. */
function answering(...answers: readonly (EventsReply | Error)[]) {
  const asked: (number | undefined)[] = [];
  const ask: Ask = async (after) => {
    const answer = answers[asked.push(after) - 1];
    if (!answer || answer instanceof Error) throw answer ?? new Error('asked too often');
    return answer;
  };
  return { ask, asked };
}

async function read(ask: Ask, follows: boolean): Promise<number[]> {
  const pages: number[] = [];
  for await (const { next } of pagesOf(ask, follows)) pages.push(next);
  return pages;
}

describe('pages of events', () => {
  test('up to the end that there was in the beginning, however many come meanwhile', async () => {
    const { ask, asked } = answering(page(500, 900), page(950, 2000));
    assert.deepEqual(await read(ask, false), [500, 950]);
    assert.deepEqual(asked, [undefined, 500]);
  });

  test('a daemon that does not run is an error in the beginning, and the end later', async () => {
    await assert.rejects(read(answering(notRunning).ask, true), NotRunningError);
    assert.deepEqual(await read(answering(page(1, 1), page(2, 2), notRunning).ask, true), [1, 2]);
  });

  test('a connection that is closed is the end if the daemon has ended, or is another one', async () => {
    assert.deepEqual(await read(answering(page(1, 1), noAnswer, notRunning).ask, true), [1]);
    assert.deepEqual(
      await read(answering(page(1, 1), noAnswer, page(0, 0, 'second')).ask, true),
      [1],
    );
    const { ask, asked } = answering(page(1, 1), noAnswer, page(2, 2), notRunning);
    assert.deepEqual(await read(ask, true), [1, 2]);
    assert.deepEqual(asked, [undefined, 1, 1, 2]);
    await assert.rejects(read(answering(page(1, 1), noAnswer, noAnswer).ask, true), NoAnswerError);
  });

  test('no place at the moment: an error in the beginning, later it tries again', async () => {
    await assert.rejects(read(answering(busy).ask, true), { code: 'ICS_BUSY' });
    assert.deepEqual(
      await read(answering(page(1, 1), busy, page(2, 2), notRunning).ask, true),
      [1, 2],
    );
  });
});
