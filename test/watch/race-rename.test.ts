import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, WatchFixture } from './fixture.js';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('renamed while events of the old name are queued: both names are told', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('for i in $(seq 1 50); do mkdir -p a$i/s; done');
  await watch.start();
  watch.watcher.stall(500);
  await watch.bash('for i in $(seq 1 50); do echo 1 > a$i/s/f; mv a$i b$i; echo 2 > b$i/s/g; done');
  await watch.quiet();
  for (const trial of numbers(50)) {
    for (const name of ['f', 'g'])
      assert.ok(watch.covers(`${watch.root}/b${trial}/s/${name}`), `b${trial}/s/${name}`);
    assert.ok(watch.trees.has(`${watch.root}/a${trial}`), `a${trial}`);
  }
  assert.deepEqual(watch.losses, []);
});

test('the two halves of a rename come in different reads', async (context) => {
  const watch = new WatchFixture(context);
  // 272 bytes hold one event with the longest name, or some with short ones; with names of 200
  // bytes always one.
  const long = 'x'.repeat(200);
  await watch.bash(`for i in $(seq 1 100); do mkdir -p ${long}$i/s; done`);
  await watch.start({ native: { readBytes: 272 } });
  await watch.bash(`for i in $(seq 1 100); do mv ${long}$i r${long}$i; done`);
  await watch.quiet({ forget: true });
  await watch.bash(`for i in $(seq 1 100); do echo x > r${long}$i/s/f; done`);
  await watch.quiet();
  for (const trial of numbers(100))
    assert.ok(watch.files.has(`${watch.root}/r${long}${trial}/s/f`), `${trial}`);
  assert.deepEqual(watch.losses, []);
});

test('50 processes rename at the same time', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('for i in $(seq 1 50); do mkdir -p m$i/s; done');
  await watch.start();
  await watch.bash(
    'for i in $(seq 1 50); do (for j in $(seq 1 6); do mv m$i n$i; mv n$i m$i; done; mv m$i end$i) & done; wait',
  );
  await watch.quiet({ forget: true });
  await watch.bash('for i in $(seq 1 50); do echo x > end$i/s/f; done');
  await watch.quiet();
  for (const trial of numbers(50))
    assert.ok(watch.files.has(`${watch.root}/end${trial}/s/f`), `${trial}`);
  assert.equal(watch.watcher.stats().unknownDescriptors, 0);
  assert.deepEqual(watch.losses, []);
});

test('renamed over an empty directory', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('for i in $(seq 1 100); do mkdir -p a$i/s b$i; done');
  await watch.start();
  const before = watch.watcher.stats().watches;
  await watch.bash('for i in $(seq 1 100); do mv -T a$i b$i; done');
  await watch.quiet({ forget: true });
  await watch.bash('for i in $(seq 1 100); do echo x > b$i/f; echo x > b$i/s/f; done');
  await watch.quiet();
  for (const trial of numbers(100)) {
    assert.ok(
      watch.files.has(`${watch.root}/b${trial}/f`) &&
        watch.files.has(`${watch.root}/b${trial}/s/f`),
      `${trial}`,
    );
  }
  await until(
    () => watch.watcher.stats().watches === before - 100,
    'the watches of what was replaced to go',
  );
});

test('a file with two names is told under the one that was written to', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('mkdir d; echo x > f; ln f d/hard');
  await watch.start();
  await watch.bash('echo y > d/hard');
  await watch.quiet();
  assert.ok(watch.files.has(`${watch.root}/d/hard`));
  // The kernel says nothing of the other name (inotify(7)); a full check finds it.
  assert.equal(watch.covers(`${watch.root}/f`), false);
});
