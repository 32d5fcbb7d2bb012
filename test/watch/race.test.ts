import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { until, WatchFixture } from './fixture.js';

const trials = 200;
const each = Array.from({ length: trials }, (_, index) => index + 1);
const loop = (body: string) => `for i in $(seq 1 ${trials}); do ${body}; done`;

test('S1 to S3: new nested directories, later writes in them, writes after renaming the top', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const covered = (path: (trial: number) => string) =>
    each.filter((trial) => watch.covers(`${watch.root}/${path(trial)}`)).length;
  const reported = (path: (trial: number) => string) =>
    each.filter((trial) => watch.files.has(`${watch.root}/${path(trial)}`)).length;

  await watch.bash(loop('mkdir -p x$i/y/z; echo 1 > x$i/y/z/f'));
  await watch.quiet();
  assert.equal(
    covered((trial) => `x${trial}/y/z/f`),
    trials,
  );
  watch.forget();

  await watch.bash(loop('echo 2 > x$i/y/z/g'));
  await watch.quiet();
  assert.equal(
    reported((trial) => `x${trial}/y/z/g`),
    trials,
  );

  await watch.bash(loop('mv x$i r$i'));
  await watch.quiet({ forget: true });
  await watch.bash(loop('echo 3 > r$i/y/z/h'));
  await watch.quiet();
  assert.equal(
    reported((trial) => `r${trial}/y/z/h`),
    trials,
  );
  assert.deepEqual(watch.losses, []);
});

test('S4: a full tree moved in is reported as a tree, later writes below it as files', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  await watch.bash(
    `cd ../outside; ${loop('mkdir -p m$i/n; echo 4 > m$i/n/k')}; ${loop('mv m$i ../root/')}`,
  );
  await watch.quiet();
  assert.equal(each.filter((trial) => watch.trees.has(`${watch.root}/m${trial}`)).length, trials);
  watch.forget();
  await watch.bash(loop('echo 5 > m$i/n/k'));
  await watch.quiet();
  assert.equal(
    each.filter((trial) => watch.files.has(`${watch.root}/m${trial}/n/k`)).length,
    trials,
  );
});

test('S5: a tree moved out is reported as gone, loses its watches and says nothing more', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash(loop('mkdir -p r$i/y/z'));
  await watch.start();
  const before = watch.watcher.stats().watches;
  await watch.bash(`mv r* ../outside/`);
  await until(
    () => watch.watcher.stats().watches === before - 3 * trials,
    'the watches to be taken away',
  );
  assert.equal(each.filter((trial) => watch.trees.has(`${watch.root}/r${trial}`)).length, trials);
  await watch.quiet({ forget: true });
  await watch.bash(`cd ../outside; ${loop('echo 5 > r$i/y/z/stale')}`);
  await watch.quiet();
  assert.deepEqual(
    [...watch.files].filter((path) => path.includes('stale')),
    [],
  );
  assert.equal(watch.watcher.stats().unknownDescriptors, 0);
});

test('moved out and back at once: what was written meanwhile is covered', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash(loop('mkdir -p b$i/c'));
  await watch.start();
  await watch.bash(
    loop(
      'mv b$i ../outside/; echo x > ../outside/b$i/c/f; mv ../outside/b$i n$i; echo y > n$i/c/g',
    ),
  );
  await watch.quiet();
  for (const trial of each) {
    assert.ok(watch.covers(`${watch.root}/n${trial}/c/f`), `n${trial}/c/f`);
    assert.ok(watch.covers(`${watch.root}/n${trial}/c/g`), `n${trial}/c/g`);
  }
});

test('two directories exchange their names: later writes are told under the new ones', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash(loop('mkdir -p a$i/s b$i/t'));
  await watch.start();
  await watch.bash(`python3 -c '
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for i in range(1, ${trials + 1}):
    assert libc.renameat2(-100, b"a%d" % i, -100, b"b%d" % i, 2) == 0
'`);
  await watch.quiet({ forget: true });
  await watch.bash(loop('echo x > a$i/t/f; echo x > b$i/s/f'));
  await watch.quiet();
  for (const trial of each) {
    assert.ok(watch.files.has(`${watch.root}/a${trial}/t/f`), `a${trial}/t/f`);
    assert.ok(watch.files.has(`${watch.root}/b${trial}/s/f`), `b${trial}/s/f`);
  }
});

test('removed and made again while somebody holds the old directory open', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash(loop('mkdir d$i'));
  await watch.start();
  await watch.bash(loop('exec 7< d$i; rmdir d$i; mkdir d$i; exec 7<&-'));
  await watch.quiet({ forget: true });
  await watch.bash(loop('echo x > d$i/f'));
  await watch.quiet();
  assert.equal(each.filter((trial) => watch.files.has(`${watch.root}/d${trial}/f`)).length, trials);
});

test('a directory becomes a file, a file a directory, a directory a link', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('mkdir d e; echo x > f; echo x > ../outside/target');
  await watch.start();
  await watch.bash('rmdir d; echo x > d; rm f; mkdir f; mv e g; ln -s ../outside e');
  await watch.quiet();
  for (const name of ['d', 'f', 'e', 'g']) assert.ok(watch.covers(`${watch.root}/${name}`), name);
  watch.forget();
  await watch.bash('echo x > f/inner; echo x > ../outside/unseen');
  await watch.quiet();
  assert.ok(watch.files.has(`${watch.root}/f/inner`));
  assert.equal(
    [...watch.files].some((path) => path.includes('unseen')),
    false,
  );
});

test('directories that vanish before they can be watched leave nothing behind', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const before = watch.watcher.stats();
  await watch.bash(loop('mkdir v; rmdir v'));
  await watch.quiet();
  await until(
    () => watch.watcher.stats().watches === before.watches,
    'the watches to be as before',
  );
  assert.ok(watch.trees.has(`${watch.root}/v`));
  assert.equal(watch.watcher.stats().overflows, 0);
});

test('names are bytes', async (context) => {
  const watch = new WatchFixture(context);
  await watch.start();
  const names = [
    ' blank ',
    'new\nline',
    '%41',
    `q'"`,
    '-dash',
    '\xff\xfe',
    'x'.repeat(255),
    '\\x41',
    '*',
  ];
  for (const name of names) {
    const bytes = [...Buffer.from(name, 'latin1')]
      .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
      .join('');
    await watch.bash(`mkdir -- $'${bytes}'; echo x > ./$'${bytes}'/$'${bytes}'`);
  }
  await watch.quiet();
  for (const name of names) {
    assert.ok(watch.covers(`${watch.root}/${name}/${name}`), JSON.stringify(name));
  }
});

test('links, pipes and the names of hard links come without a CLOSE_WRITE', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('echo x > f');
  await watch.start();
  await watch.bash('ln f hard; ln -s f soft; mkfifo pipe');
  await watch.quiet();
  for (const name of ['hard', 'soft', 'pipe'])
    assert.ok(watch.files.has(`${watch.root}/${name}`), name);
});

test('a missing root is watched for and found when it appears', async (context) => {
  const watch = new WatchFixture(context);
  rmdirSync(watch.root);
  await watch.start();
  mkdirSync(`${watch.base}/ready/deep`, { recursive: true });
  renameSync(`${watch.base}/ready`, watch.root);
  await until(() => watch.trees.has(watch.root), 'the root to be reported');
  writeFileSync(`${watch.root}/deep/f`, 'x');
  await until(() => watch.files.has(`${watch.root}/deep/f`), 'the file to be reported');
  renameSync(watch.root, `${watch.base}/away`);
  watch.forget();
  await until(() => watch.trees.has(watch.root), 'the root to be reported as gone');
});
