import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, WatchFixture } from './fixture.js';

for (const thread of ['reader', 'tree'] as const) {
  test(`a ${thread} that stands still shows it: something waits and nothing moves`, async (context) => {
    const watch = new WatchFixture(context);
    await watch.start();
    await watch.quiet();
    await until(() => !watch.watcher.pulses()[thread].waiting, 'rest');
    watch.watcher.stall(2000, thread);
    await watch.bash('for i in $(seq 50); do echo x > f$i; done');
    await until(() => watch.watcher.pulses()[thread].waiting, 'something to wait');
    const { moved } = watch.watcher.pulses()[thread];
    assert.ok(watch.watcher.pulses().tree.waiting === (thread === 'tree'));
    await watch.quiet();
    assert.ok(watch.files.has(`${watch.root}/f50`));
    const after = watch.watcher.pulses()[thread];
    assert.ok(after.moved > moved);
    await until(() => !watch.watcher.pulses()[thread].waiting, 'rest');
  });
}

test('after the end nothing waits', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  await watch.watcher.close();
  const nothing = { moved: 0, waiting: false };
  assert.deepEqual(watch.watcher.pulses(), { reader: nothing, tree: nothing });
});
