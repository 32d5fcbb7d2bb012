/** ENTRIES=how many entries the large directory has (50000) */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { until, WatchFixture } from './fixture.js';

const entries = Number(process.env.ENTRIES ?? 50_000);

test('4,000 levels, a path that is longer than PATH_MAX', async (context) => {
  const watch = new WatchFixture(context);
  const deepest = `
import os
os.chdir("deep") if os.path.isdir("deep") else None
def descend(make):
    for level in range(3999):
        if make: os.mkdir("d")
        os.chdir("d")`;
  await watch.bash(`mkdir deep; python3 -c '${deepest}
descend(True)'`);
  await watch.start();
  const path = `${watch.root}/deep${'/d'.repeat(3999)}`;
  await watch.bash(`python3 -c '${deepest}
descend(False)
open("f", "w").close()'`);
  await watch.quiet();
  assert.ok(watch.files.has(`${path}/f`));

  // And a chain that comes into being while it is watched, then loses its top.
  await watch.bash(`cd ../outside; mkdir deep; python3 -c '${deepest}
descend(True)'; mv deep ../root/late`);
  await watch.quiet({ forget: true });
  const write = (name: string) => `python3 -c '
import os
os.chdir("deep2")
for level in range(3999): os.chdir("d")
open("${name}", "w").close()'`;
  const bottom = `${watch.root}/deep2${'/d'.repeat(3999)}`;
  await watch.bash(`mv late later; mv later deep2; ${write('g')}`);
  await watch.quiet();
  // By name, or, if all of it had to be walked anew, with all that is below.
  await until(() => watch.covers(`${bottom}/g`), 'the file at the bottom');
  await watch.quiet({ forget: true });
  await watch.bash(write('h'));
  await until(() => watch.files.has(`${bottom}/h`), 'a later file at the bottom');
  assert.deepEqual(watch.losses, []);
  // Node's own removal goes by path.
  await watch.bash('rm -rf deep deep2');
});

test('one directory with very many entries, met while others change', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash(`mkdir ../outside/large ../outside/large/below; python3 -c '
import os
os.chdir("../outside/large")
for index in range(${entries}): os.mknod("f%d" % index)'`);
  await watch.start();
  await watch.bash(
    'mv ../outside/large large; for i in $(seq 1 200); do mkdir n$i; echo x > n$i/f; done; echo x > large/below/f',
  );
  await watch.quiet();
  assert.ok(watch.trees.has(`${watch.root}/large`));
  for (let index = 1; index <= 200; index++)
    assert.ok(watch.covers(`${watch.root}/n${index}/f`), `n${index}`);
  watch.forget();
  await watch.bash('echo y > large/below/f; echo y > large/f7');
  await watch.quiet();
  assert.ok(watch.files.has(`${watch.root}/large/below/f`) && watch.files.has(`${watch.root}/large/f7`));
  assert.deepEqual(watch.losses, []);
});

test('written to without a break while the first walk runs', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('for i in $(seq 1 300); do mkdir -p d$i/a/b; done');
  const written = watch.bash(
    'for i in $(seq 1 300); do echo x > d$i/a/b/f; mkdir d$i/n; echo x > d$i/n/f; mv d$i/a d$i/r; done',
  );
  await watch.start();
  // The first check of everything begins here; what is there now it sees.
  await watch.bash('find . -type f -name f > ../there');
  const there = new Set(readFileSync(`${watch.base}/there`, 'utf8').split('\n'));
  await written;
  await watch.quiet();
  for (let index = 1; index <= 300; index++) {
    for (const path of [`d${index}/r/b/f`, `d${index}/n/f`]) {
      assert.ok(there.has(`./${path}`) || watch.covers(`${watch.root}/${path}`), path);
    }
  }
  assert.deepEqual(watch.losses, []);
});
