/** ENTRIES=how many entries the large directory has (50000) */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seededRandom } from '../support/csync2-random.js';
import { until, WatchFixture } from './fixture.js';

const entries = Number(process.env.ENTRIES ?? 50_000);

test('directories up to the longest path that csync2 takes are watched, deeper ones when they come to a shorter one', async (context) => {
  const watch = new WatchFixture(context);
  // How many directories `d` in one another, in a directory of this name, are within.
  const levelsIn = (name: string) => Math.floor((4087 - watch.root.length - 1 - name.length) / 2);
  await watch.bash(`python3 -c '
import os
os.mkdir("deep"); os.chdir("deep")
for level in range(4000): os.mkdir("d"); os.chdir("d")'`);
  await watch.start();
  const above = watch.root.split('/').length;
  const levels = levelsIn('deep');
  assert.equal(watch.watcher.stats().watches, above + 1 + levels);
  const path = (name: string, count: number) => `${watch.root}/${name}${'/d'.repeat(count)}`;
  const descend = (name: string, count: number, action: string) => `python3 -c '
import os
os.chdir("${name}")
for level in range(${count}): os.chdir("d")
${action}'`;
  await watch.bash(descend('deep', levels, 'open("f", "w").close(); os.mkdir("e")'));
  await watch.bash(descend('deep', levels + 1, 'open("f", "w").close()'));
  await watch.quiet();
  assert.ok(watch.files.has(`${path('deep', levels)}/f`));
  assert.ok(
    watch.files.has(`${path('deep', levels)}/e`),
    'what is in it is told, also if it is a directory',
  );
  assert.ok(!watch.files.has(`${path('deep', levels + 1)}/f`));

  // A shorter name above, and a longer one on the way: more of them are within.
  await watch.bash(
    'mv deep x; mkdir -p long/long/long; mv x/d long/long/long/d; mv long/long/long/d y',
  );
  await watch.quiet({ forget: true });
  const others = ['x', 'long', 'long', 'long', 'y'].length;
  const more = levelsIn('y');
  assert.ok(more > levels);
  await until(
    () => watch.watcher.stats().watches === above + others + more + 1,
    'more of them to be watched, and e',
  );
  await watch.bash(descend('y', more, 'open("g", "w").close()'));
  await until(() => watch.files.has(`${path('y', more)}/g`), 'the file in what is watched now');
  // And a longer one: fewer are.
  await watch.bash('mv y much-longer-than-before');
  const fewer = levelsIn('much-longer-than-before');
  await until(
    () => watch.watcher.stats().watches === above + others + fewer,
    'fewer to be watched',
  );
  assert.deepEqual(watch.losses, []);
  // Node's own removal goes by path.
  await watch.bash('rm -rf much-longer-than-before x long');
});

test('a chain of directories about as long as csync2 takes, renamed at random: at the end the right ones are watched', async (context) => {
  const random = seededRandom(context);
  const watch = new WatchFixture(context);
  await watch.bash(`python3 -c '
import os
for level in range(30): os.mkdir("n" * 180); os.chdir("n" * 180)'`);
  await watch.start();
  for (let round = 0; round < 4; round++) {
    await watch.bash(`python3 -c '
import os, random
random.seed(${random.below(1e9)})
top = os.open(".", os.O_RDONLY)
for change in range(60):
    os.fchdir(top)
    # Levels from the top, so that what is below becomes longer or shorter.
    for level in range(random.randrange(12)):
        os.chdir([name for name in os.listdir() if name.startswith("n")][0])
    names = [name for name in os.listdir() if name.startswith("n")]
    if names: os.rename(names[0], "n" * random.choice((1, 100, 180, 250)))'`);
    await watch.quiet({ forget: true });
    let expected = watch.root.split('/').length;
    let length = watch.root.length;
    for (const name of await chainOf(watch)) {
      length += 1 + name;
      if (length > 4087) break;
      expected++;
    }
    await until(
      () => watch.watcher.stats().watches === expected,
      `${expected} directories to be watched`,
    );
  }
  assert.deepEqual(watch.losses, []);
  await watch.bash('rm -rf n*');
});

/** Lengths of the names of the directories in one another that begin with n. */
async function chainOf(watch: WatchFixture): Promise<number[]> {
  await watch.bash(`python3 -c '
import os
out = open("../lengths", "w")
while names := [name for name in os.listdir() if name.startswith("n")]:
    out.write("%d\\n" % len(names[0])); os.chdir(names[0])'`);
  return readFileSync(`${watch.base}/lengths`, 'utf8').trim().split('\n').map(Number);
}

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
  // What is looked at is told when it is watched, which the mark at the root does not wait for.
  await until(() => watch.trees.has(`${watch.root}/large`), 'the large directory');
  for (let index = 1; index <= 200; index++) {
    await until(() => watch.covers(`${watch.root}/n${index}/f`), `n${index}`);
  }
  watch.forget();
  await watch.bash('echo y > large/below/f; echo y > large/f7');
  await watch.quiet();
  assert.ok(
    watch.files.has(`${watch.root}/large/below/f`) && watch.files.has(`${watch.root}/large/f7`),
  );
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
