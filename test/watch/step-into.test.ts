import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { selectionOf, until, WatchFixture } from './fixture.js';

test('directories on the way to a root report no files, but the root itself', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('mkdir -p way/root; echo x > way/other');
  const root = `${watch.root}/way/root`;
  const late = `${watch.root}/way/late`;
  await watch.start({ selection: selectionOf(root, `${watch.root}/file`) });
  const before = watch.watcher.stats().events;
  await watch.bash(
    'for i in 1 2 3; do echo y > way/other; chmod 640 way/other; done; chmod 700 way/root',
  );
  await until(() => watch.files.has(root), 'the root to be reported');
  assert.equal(watch.watcher.stats().events, before + 1);

  // A file where no directory has been, in a directory that is watched for it.
  await watch.bash('echo x > file');
  await until(() => watch.files.has(`${watch.root}/file`), 'the file to be reported');
  assert.equal(watch.covers(late), false);
  assert.deepEqual(watch.losses, []);
});

test('a file takes the place of a root: it and later writes to it are reported', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('mkdir -p way/root');
  const root = `${watch.root}/way/root`;
  await watch.start({ selection: selectionOf(root) });
  await watch.bash('rmdir way/root; echo x > way/root');
  await until(
    () => watch.files.has(root) && watch.trees.has(`${watch.root}/way`),
    'the file to be reported',
  );
  watch.forget();
  await watch.bash('echo y >> way/root');
  await until(() => watch.files.has(root), 'the write to be reported');
  assert.deepEqual(watch.losses, []);
});

test('roots with wildcards: files directly in the directory above are reported', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('mkdir -p way/a/x way/b; touch way/a/f.c');
  await watch.start({
    selection: selectionOf(
      `${watch.root}/way/*/*.c`,
      `${watch.root}/way/b/[f]`,
      `${watch.root}/w**h`,
    ),
  });
  await watch.bash('echo 1 > way/a/f.c; echo 2 > way/b/f; echo 3 > with');
  const expected = ['way/a/f.c', 'way/b/f', 'with'].map((path) => `${watch.root}/${path}`);
  await until(() => expected.every((path) => watch.files.has(path)), 'the files to be reported');
});

test("a quiet tree wakes none of the watcher's threads", async (context) => {
  const watch = new WatchFixture(context);
  const others = new Set(readdirSync('/proc/self/task'));
  await watch.bash('mkdir -p way/root/a/b');
  await watch.start({ selection: selectionOf(`${watch.root}/way/root`) });
  const switches = () =>
    readdirSync('/proc/self/task')
      .filter((task) => !others.has(task))
      .map((task) =>
        Number(
          /^voluntary_ctxt_switches:\t(\d+)/mu.exec(
            readFileSync(`/proc/self/task/${task}/status`, 'ascii'),
          )?.[1],
        ),
      );
  await sleep(1000);
  const before = { events: watch.watcher.stats().events, switches: switches() };
  await sleep(Number(process.env.QUIET_SECONDS ?? 2) * 1000);
  const after = { events: watch.watcher.stats().events, switches: switches() };
  context.diagnostic(JSON.stringify({ before, after }));
  // Other programs may make names in the directories above: that wakes the reader and the tree, and
  // may ask for a look.
  const events = after.events - before.events;
  const woken = after.switches.reduce(
    (sum, count, at) => sum + count - (before.switches[at] ?? 0),
    0,
  );
  assert.ok(woken <= 8 * events, `${woken} times woken for ${events} events`);
});
