import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { WatchClosedError } from '#src/watch/errors.js';
import { Watcher } from '#src/watch/watcher.js';
import { selectionOf, until, WatchFixture } from './fixture.js';

test('several watchers in one process see the same change', async (context) => {
  const one = new WatchFixture(context);
  const two = new WatchFixture(context);
  await one.start();
  await two.start({ selection: selectionOf(one.root) });
  writeFileSync(`${one.root}/f`, 'x');
  await until(
    () => one.files.has(`${one.root}/f`) && two.files.has(`${one.root}/f`),
    'both to report it',
  );
});

test('what was seen before close() is still given out, then the iteration ends', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const other = Watcher.open({ selection: selectionOf(watch.root) });
  await other.ready;
  writeFileSync(`${watch.root}/f`, 'x');
  await until(() => other.stats().pendingBytes > 0, 'a record');
  await other.close();
  await other.close();
  const paths: string[] = [];
  for await (const batch of other)
    for (const entry of batch) if (entry.kind !== 'loss') paths.push(String(entry.path));
  assert.deepEqual(paths, [`${watch.root}/f`]);
});

test('closed before it was ready: ready rejects', async (context) => {
  const watch = new WatchFixture(context);
  watch.open();
  const ready = watch.watcher.ready;
  const closed = watch.watcher.close();
  await closed;
  await ready.catch((error: unknown) => assert.ok(error instanceof WatchClosedError));
});

test('200 times opened and closed: no descriptor and no thread is left', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const count = () => [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length];
  const selection = selectionOf(watch.root);
  const before = count();
  for (let round = 0; round < 200; round++) {
    const watcher = Watcher.open({ selection, walkers: 2 });
    if (round % 2 === 0) await watcher.ready;
    await watcher.close();
  }
  assert.deepEqual(count(), before);
});

test('works in a worker thread, which may end without close()', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const threads = readdirSync('/proc/self/task').length;
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  const program = fileURLToPath(new URL('./worker.js', import.meta.url));
  assert.ok(existsSync(program));
  for (let round = 0; round < 10; round++) {
    const worker = new Worker(program, { workerData: watch.root });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    const told = new Promise((resolve) => worker.once('message', resolve));
    writeFileSync(`${watch.root}/f${round}`, 'x');
    assert.equal(await told, `${watch.root}/f${round}`);
    // It ends while the watcher calls it.
    const written = watch.bash('for i in $(seq 1 200); do echo > g$i; done');
    await until(() => watch.files.has(`${watch.root}/g1`), 'the first to be reported');
    await worker.terminate();
    await written;
    watch.forget();
  }
  await until(() => readdirSync('/proc/self/task').length <= threads, 'all threads to end');
  assert.equal(descriptors(), before);
});

test('opened and closed a thousand times: memory does not grow', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('for i in $(seq 1 200); do mkdir -p d$i/s; done');
  const selection = selectionOf(watch.root);
  const resident = async (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      const watcher = Watcher.open({ selection, walkers: 1 });
      await watcher.ready;
      await watcher.close();
    }
    return process.memoryUsage().rss / 2 ** 20;
  };
  // Pools and caches fill in the first rounds.
  const before = await resident(200);
  const after = await resident(800);
  context.diagnostic(
    `${before.toFixed(1)} MiB after 200 rounds, ${after.toFixed(1)} MiB after 1,000`,
  );
  // Each knows 400 directories, 60 KB of nodes and names: were they kept, it would be 45 MiB.
  assert.ok(after - before < 20, `${before} to ${after} MiB`);
});
