import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContentChange } from '#src/watch/batch.js';
import { WatchFixture } from './fixture.js';

test('how often a file was written to, moved into its place and removed is counted; attributes are not', async (context) => {
  const watch = new WatchFixture(context);
  const seen = new Map<string, { writes: number; moves: number; others: number }>();
  const onContentChanges = (changes: readonly ContentChange[]) => {
    for (const { path, writes, moves, others } of changes) {
      const sums = seen.get(path.toString('latin1')) ?? { writes: 0, moves: 0, others: 0 };
      sums.writes += writes;
      sums.moves += moves;
      sums.others += others;
      seen.set(path.toString('latin1'), sums);
    }
  };
  await watch.start({ onContentChanges });
  await watch.bash('for name in written moved removed touched; do echo > $name; done');
  await watch.quiet({ forget: true });
  seen.clear();
  // inotify(7) makes one event of two that are alike and follow each other: something else comes between them.
  await watch.bash(`
    for i in 1 2 3; do echo x >> written; touch touched; echo x > aside; mv aside moved; done
    rm removed; chmod 600 touched`);
  await watch.quiet();
  const of = (name: string) => seen.get(join(watch.root, name));
  assert.deepEqual(of('written'), { writes: 3, moves: 0, others: 0 });
  assert.deepEqual(of('moved'), { writes: 0, moves: 3, others: 0 });
  assert.deepEqual(of('removed'), { writes: 0, moves: 0, others: 1 });
  // touch(1) opens the file to write.
  assert.deepEqual(of('touched'), { writes: 3, moves: 0, others: 0 });
});
