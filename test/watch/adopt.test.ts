import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { WatchClosedError, WatchStartError } from '#src/watch/errors.js';
import { Watcher } from '#src/watch/watcher.js';
import { selectionOf, until, WatchFixture } from './fixture.js';

/** Detaches, lets `script` run while nobody watches, and goes on with the same instance. */
async function succeed(watch: WatchFixture, script: string, ...roots: string[]): Promise<void> {
  const fd = await watch.watcher.detach();
  assert.equal(readlinkSync(`/proc/self/fd/${fd}`), 'anon_inode:inotify');
  watch.forget();
  await watch.bash(script);
  const selection = selectionOf(...(roots.length === 0 ? [watch.root] : roots));
  await watch.start({ inotifyFd: fd, selection });
  assert.equal(watch.watcher.inotifyFd, fd);
}

test('1,000 changes while nobody watches all come as records, none as a loss', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('for i in $(seq 1 50); do mkdir -p d$i/s; echo x > d$i/s/old; done');
  await watch.start();
  const before = watch.watcher.stats();
  await succeed(watch, 'for i in $(seq 1 1000); do echo y > d$((i % 50 + 1))/s/f$i; done');
  await watch.quiet();
  for (let index = 1; index <= 1000; index++) {
    assert.ok(watch.files.has(`${watch.root}/d${(index % 50) + 1}/s/f${index}`), `f${index}`);
  }
  assert.deepEqual(watch.losses, []);
  assert.equal(watch.trees.size, 0);
  const after = watch.watcher.stats();
  assert.equal(after.watches, before.watches);
  assert.equal(after.unknownDescriptors, 0);
  assert.equal(after.reconciles, 0);
});

test('renames, new and removed directories while nobody watches', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash(
    'for i in $(seq 1 40); do mkdir -p d$i/s e$i/t; done; mkdir ../outside/full; echo x > ../outside/full/g',
  );
  await watch.start();
  await succeed(
    watch,
    `for i in $(seq 1 40); do
       echo 1 > d$i/s/before; mv d$i r$i; echo 2 > r$i/s/after; mkdir -p n$i/m/o; echo 3 > n$i/m/o/f
       mv e$i ../outside/e$i; echo 4 > ../outside/e$i/t/f
     done
     mv ../outside/full full; mv ../outside/e1 back; echo 5 > back/t/g; rm -r r2`,
  );
  await watch.quiet();
  for (let index = 1; index <= 40; index++) {
    const paths = [`e${index}`, `n${index}/m/o/f`];
    if (index !== 2) paths.push(`d${index}`, `r${index}/s/before`, `r${index}/s/after`);
    for (const path of paths) assert.ok(watch.covers(`${watch.root}/${path}`), path);
  }
  for (const path of ['full/g', 'back/t/f', 'back/t/g', 'r2'])
    assert.ok(watch.covers(`${watch.root}/${path}`), path);
  assert.deepEqual(watch.losses, []);

  watch.forget();
  await watch.bash(`for i in $(seq 3 40); do echo x > r$i/s/l; echo x > n$i/m/o/l; done; echo x > back/t/l
    for i in $(seq 2 40); do echo x > ../outside/e$i/t/l; done`);
  await watch.quiet();
  for (let index = 3; index <= 40; index++) {
    for (const path of [`r${index}/s/l`, `n${index}/m/o/l`])
      assert.ok(watch.files.has(`${watch.root}/${path}`), path);
  }
  assert.ok(watch.files.has(`${watch.root}/back/t/l`));
  assert.deepEqual(watch.losses, []);
  assert.equal(watch.watcher.stats().unknownDescriptors, 0);
});

test('another selection: what it leaves out loses its watch when it is met, what it adds is watched', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('mkdir -p keep/s drop add/s');
  await watch.start({ selection: selectionOf(`${watch.root}/keep`, `${watch.root}/drop`) });
  const fd = watch.watcher.inotifyFd;
  await succeed(
    watch,
    'echo 1 > keep/s/f; echo 2 > drop/f',
    `${watch.root}/keep`,
    `${watch.root}/add`,
  );
  const held = () =>
    readFileSync(`/proc/self/fdinfo/${fd}`, 'ascii').match(/^inotify wd:/gmu)?.length;
  const dropped = () => held() === watch.watcher.stats().watches;
  await until(dropped, 'the watch of what is left out to go');
  await watch.bash('echo 3 > drop/g; echo 4 > add/s/g; echo 5 > keep/s/g');
  const expected = ['keep/s/f', 'add/s/g', 'keep/s/g'].map((path) => `${watch.root}/${path}`);
  await until(() => expected.every((path) => watch.files.has(path)), 'the files to be reported');
  assert.deepEqual(
    [...watch.files].filter((path) => path.includes('drop')),
    [],
  );
  assert.deepEqual(watch.losses, []);
});

test('a queue that has overflowed meanwhile is a loss, and all is watched after it', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const most = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'ascii'));
  if (most > 100_000) {
    context.skip(`fs.inotify.max_queued_events is ${most}: too many to be made here`);
    return;
  }
  await succeed(
    watch,
    `mkdir new; python3 -c '
import os
for i in range(${most}):
    os.mknod("f%d" % i)
os.mkdir("late")'`,
  );
  await until(() => watch.losses.length > 0, 'the loss to be told');
  await watch.quiet({ forget: true });
  await watch.bash('echo x > new/f; echo x > late/f');
  await watch.quiet();
  assert.ok(watch.files.has(`${watch.root}/new/f`) && watch.files.has(`${watch.root}/late/f`));
  assert.equal(watch.losses.length, 1);
});

test('detached while the tree is written to, again and again: not one file is missed', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const written = watch.bash(
    'for i in $(seq 1 3000); do [ $((i % 20)) != 0 ] || mkdir t$i; echo x > f$i; done',
  );
  for (let round = 0; round < 10; round++) {
    const fd = await watch.watcher.detach();
    await watch.start({ inotifyFd: fd });
  }
  await written;
  await watch.quiet();
  for (let index = 1; index <= 3000; index++)
    assert.ok(watch.files.has(`${watch.root}/f${index}`), `f${index}`);
  for (let index = 20; index <= 3000; index += 20)
    assert.ok(watch.trees.has(`${watch.root}/t${index}`), `t${index}`);
  assert.deepEqual(watch.losses, []);
});

test('detached before the first walk is over: a loss tells', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('for i in $(seq 1 300); do mkdir -p d$i/a/b/c; done');
  watch.open();
  const fd = await watch.watcher.detach();
  await until(() => watch.ended, 'the iteration to end');
  const walked = await watch.watcher.ready.then(
    () => true,
    () => false,
  );
  assert.deepEqual(watch.losses, walked ? [] : ['watching ended before the first walk was over']);
  closeSync(fd);
});

test('detach and close in any order; no descriptor and no thread is left', async (context) => {
  const watch = new WatchFixture(context);
  const selection = selectionOf(watch.root);
  const count = () => [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length];
  await watch.start();
  const before = count();
  let left: { inotifyFd: number; handoverFd: number } | undefined;
  for (let round = 0; round < 50; round++) {
    const watcher = Watcher.open({ selection, ...left });
    if (round % 2 === 0) await watcher.ready;
    const inotifyFd = await watcher.detach();
    assert.equal(await watcher.detach(), inotifyFd);
    await watcher.close();
    assert.equal(watcher.inotifyFd, -1);
    left = { inotifyFd, handoverFd: watcher.handoverFd };
  }
  const last = Watcher.open({ selection, ...left });
  await last.close();
  assert.equal(last.handoverFd, -1);
  await assert.rejects(last.detach(), WatchClosedError);
  assert.deepEqual(count(), before);
});

test('what is no inotify instance is refused and closed', () => {
  const fd = openSync('/dev/null', 'r');
  assert.throws(
    () => Watcher.open({ selection: selectionOf('/nowhere'), inotifyFd: fd }),
    WatchStartError,
  );
  assert.throws(() => readlinkSync(`/proc/self/fd/${fd}`));
});

test('what is no page is refused, and both are closed', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const inotifyFd = await watch.watcher.detach();
  closeSync(watch.watcher.handoverFd);
  const handoverFd = openSync('/dev/null', 'r');
  const selection = selectionOf(watch.root);
  assert.throws(() => Watcher.open({ selection, inotifyFd, handoverFd }), WatchStartError);
  for (const fd of [inotifyFd, handoverFd])
    assert.throws(() => readlinkSync(`/proc/self/fd/${fd}`));
});
