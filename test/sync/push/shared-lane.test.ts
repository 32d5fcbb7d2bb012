import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Outcome } from '#src/csync2/run/result.js';
import type { Command, CommandResult, Runner } from '#src/csync2/run/runner.js';
import { CheckJournal } from '#src/sync/database/check-journal.js';
import { SharedLane } from '#src/sync/push/shared-lane.js';

describe('a lane on the shared database', () => {
  test('passes on what the binary knows: -b of the fork', async (context) => {
    const { lane, commands } = setUp(context, { options: ['-b'], pending: [1, 0] });
    lane.wake();
    await lane.rest();
    assert.deepEqual(commands, [['-v', '-b', '-u', '-P', 'web2']]);
    assert.equal(lane.status().sent, 1);
  });

  test('what a check marked meanwhile is marked again, by it alone, and sent', async (context) => {
    const { lane, journal, commands, again, during } = setUp(context, { pending: [1, 1, 1, 0] });
    during(() =>
      journal.begin([Buffer.from('/a'), Buffer.from('/received')], false)([Buffer.from('/a')]),
    );
    lane.wake();
    await lane.rest();
    assert.deepEqual(again, [['/a'], []]);
    assert.equal(commands.length, 2);
    assert.equal(lane.status().state, 'idle');
  });

  test('when the marks cannot be made again, it waits and says why', async (context) => {
    const { lane, refuseMarks } = setUp(context, { pending: [1, 0] });
    refuseMarks();
    lane.wake();
    await lane.rest();
    assert.deepEqual([lane.status().state, lane.status().reason], ['waiting', 'locked']);
  });

  test('exit code 0 is no proof: what is left is pending', async (context) => {
    const { lane } = setUp(context, { pending: [2, 1] });
    lane.wake();
    await lane.rest();
    assert.deepEqual(
      [lane.status().state, lane.status().reason, lane.status().pending],
      ['waiting', 'refused', 1],
    );
  });

  test('to a peer that is paused nothing is pushed, and what is pending is counted', async (context) => {
    const { lane, commands, pause } = setUp(context, { pending: [2, 3, 3, 0] });
    pause(1000);
    lane.wake();
    await lane.rest();
    assert.deepEqual([lane.status().state, lane.status().pausedSince], ['paused', 1000]);
    await lane.pause();
    await lane.rest();
    assert.deepEqual([commands.length, lane.status().pending], [0, 3]);
    pause(undefined);
    lane.resume();
    await lane.rest();
    assert.deepEqual([commands.length, lane.status().state, lane.status().pending], [1, 'idle', 0]);
  });

  test('a root that is away: nothing is pushed', async (context) => {
    const { lane, commands } = setUp(context, { pending: [1], mayPush: false });
    lane.wake();
    await lane.rest();
    assert.deepEqual(commands, []);
  });
});

function setUp(
  context: TestContext,
  {
    options = [],
    pending,
    mayPush = true,
  }: { options?: string[]; pending: number[]; mayPush?: boolean },
) {
  const journal = new CheckJournal();
  const commands: (readonly string[])[] = [];
  const again: string[][] = [];
  let during: (() => void) | undefined;
  let isRefused = false;
  let pausedSince: number | undefined;
  const run = async ({ mode }: Command): Promise<CommandResult> => {
    commands.push(mode);
    during?.();
    during = undefined;
    const outcome: Outcome = 'done';
    return { exitCode: 0, signal: undefined, said: [], stalled: false, outcome, seconds: 0 };
  };
  const lane = new SharedLane({
    peer: 'web2',
    runner: { run } as unknown as Runner,
    journal,
    options,
    markAgain: async (mark) => {
      const lost = journal.markedSince(mark).files.map(String);
      journal.release(mark);
      again.push(lost);
      return isRefused ? undefined : lost.length;
    },
    countPending: async () => (pending.length > 1 ? pending.shift() : pending[0]),
    mayPush: () => mayPush,
    pausedSince: () => pausedSince,
    stallSeconds: 10,
    onError: (where, error) => assert.fail(`${where}: ${error}`),
  });
  context.after(() => lane.stop());
  return {
    lane,
    journal,
    commands,
    again,
    during: (action: () => void) => {
      during = action;
    },
    pause: (since: number | undefined) => {
      pausedSince = since;
    },
    refuseMarks: () => {
      isRefused = true;
    },
  };
}
