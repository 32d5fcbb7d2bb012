import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until, WatchFixture } from './fixture.js';

test('20,000 creates with the event loop blocked for 5 s: nothing is lost', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const script = `
import os
for i in range(20000):
    open(os.path.join("${watch.root}", "f%d" % i), "w").close()`;
  const made = watch.bash(`python3 -c '${script}'`);
  for (const end = Date.now() + 5000; Date.now() < end; );
  await made;
  await watch.quiet();
  let seen = 0;
  for (let index = 0; index < 20_000; index++)
    seen += watch.files.has(`${watch.root}/f${index}`) ? 1 : 0;
  assert.equal(seen, 20_000);
  assert.equal(watch.watcher.stats().overflows, 0);
  assert.deepEqual(watch.losses, []);
});

test('a queue that overflows: everything is walked again, one loss is told, what is new is watched', async (context) => {
  const watch = new WatchFixture(context);
  // Already watched, so that all its events queue up behind the stalled tree.
  await watch.bash('mkdir -p a/b');
  await watch.start({ native: { queueMax: 4096 } });
  watch.watcher.stall(500);
  await watch.bash('for i in $(seq 1 2000); do echo > a/f$i; done; mkdir -p z/y; rm -r a/b');
  await until(() => watch.losses.length > 0, 'the loss to be told');
  await watch.quiet({ forget: true });
  await watch.bash('echo x > z/y/f');
  await watch.quiet();
  assert.ok(watch.files.has(`${watch.root}/z/y/f`));
  assert.equal(watch.losses.length, 1);
  assert.equal(watch.watcher.stats().reconciles, 1);
});

test('the watch limit: the first walk says how many are needed, later directories wait for room', (context) => {
  const program = fileURLToPath(new URL('./limited.js', import.meta.url));
  // The limit of a user namespace counts its own watches only (user_namespaces(7)).
  const run = spawnSync(
    'unshare',
    [
      '-Ur',
      'bash',
      '-c',
      'echo 50 > /proc/sys/user/max_inotify_watches && exec "$0" "$1"',
      process.execPath,
      program,
    ],
    { encoding: 'utf8' },
  );
  if (/unshare|Operation not permitted/u.test(run.stderr) && run.stdout === '') {
    context.skip(`no user namespaces here: ${run.stderr.trim()}`);
    return;
  }
  assert.equal(run.status, 0, run.stderr);
  const seen = JSON.parse(run.stdout);
  assert.equal(seen.code, 'ICS_WATCH_LIMIT');
  assert.equal(seen.exitCode, 71);
  assert.equal(seen.limit, 50);
  assert.equal(seen.needed, seen.directories);
  assert.ok(seen.losses > 0);
  assert.equal(seen.healed, true);
});
