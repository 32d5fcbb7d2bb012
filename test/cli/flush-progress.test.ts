import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flushLine, showFlushProgress } from '#src/cli/commands/flush/progress.js';
import { assembleStatus } from '#src/observe/assemble-status.js';
import { lane, quiet } from '../observe/status-sources.js';

const now = 1_764_000_000_000;
const status = assembleStatus(
  {
    ...quiet,
    queue: { depth: 1, oldestAt: now, resets: 0 },
    lanes: [
      lane({ pending: 1240, pendingSince: now }),
      lane({ peer: 'web3', pending: 1 }),
      lane({ peer: 'web4' }),
    ],
    paces: new Map([['web2', { perSecond: 85, secondsLeft: 14.6 }]]),
  },
  now,
);

test('one line tells what is pending, for all peers or for one', () => {
  assert.equal(
    flushLine(status, undefined),
    'web2: 1,240 files pending, 85/s, about 15 s left; web3: 1 file pending; 1 change to check',
  );
  assert.equal(flushLine(status, 'web3'), 'web3: 1 file pending; 1 change to check');
  assert.equal(
    flushLine(assembleStatus(quiet, now), undefined),
    'confirming that nothing is pending',
  );
});

test('the line fits the terminal, and is gone in the end', async () => {
  const written: string[] = [];
  const over = new AbortController();
  const output = {
    columns: 21,
    write(text: string) {
      written.push(text);
      over.abort();
    },
  };
  await showFlushProgress({ output, peer: undefined, status: async () => status }, over.signal);
  assert.deepEqual(written, ['\rweb2: 1,240 files p…\x1b[K', '\r\x1b[K']);
});

test('a flush that is over at once shows nothing, nor does one that is not answered', async () => {
  const output = { write: () => assert.fail('nothing is to be shown') };
  await showFlushProgress(
    { output, peer: undefined, status: async () => status },
    AbortSignal.abort(),
  );
});
