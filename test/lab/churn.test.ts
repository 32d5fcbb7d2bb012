import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';

// The races of recursive watching: what is made, moved and removed faster than watches can be set.
// The trees must be equal by what the watcher saw: a full check in between would hide that it
// missed something.
describe('churn', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.boot(2);
    // On the same file system as the tree, so that moving in and out is one rename and no copy.
    await lab.configure('exclude /srv/data/outside;');
    lab.ignoredNames.push('outside');
    await lab.start();
    await lab.waitUntilChecked();
  });
  after(() => lab?.down());

  const churns: readonly [name: string, script: string][] = [
    [
      'nested directories with a file at once, 200 times',
      'for i in $(seq 200); do mkdir -p $i/a/b/c; echo x > $i/a/b/c/f; done',
    ],
    [
      'the same nested directories made and removed, 200 times',
      'for i in $(seq 200); do mkdir -p n/a/b; echo $i > n/a/b/f; rm -r n; done',
    ],
    [
      'full trees moved in',
      'for i in $(seq 20); do mkdir -p outside/in-$i/a/b/c; echo $i > outside/in-$i/a/b/c/f; done; mv outside/* .',
    ],
    [
      'a full tree moved in and changed at once',
      'mkdir -p outside/t/a/b; echo x > outside/t/a/b/f; mv outside/t .; echo y > t/a/b/g; mkdir t/a/c; echo z > t/a/c/h',
    ],
    [
      'full trees moved out',
      'for i in $(seq 20); do mv $i outside/out-$i; done; echo x > outside/out-1/a/later',
    ],
    [
      'full trees moved within',
      'for i in $(seq 50 150); do mv $i renamed-$i; echo x > renamed-$i/a/later; done; mkdir deep; mv renamed-1* deep/',
    ],
    [
      'two directories that change places',
      'mkdir -p p/in-p q/in-q; mv p r; mv q p; mv r q; echo 1 > p/one; echo 2 > q/two',
    ],
    [
      'a directory renamed over an empty one',
      'mkdir -p full/a empty; echo x > full/a/f; mv -T full empty; echo y > empty/a/g',
    ],
    [
      'a directory removed and made again, 50 times',
      'for i in $(seq 50); do rm -rf again; mkdir -p again/a; echo $i > again/a/f; done',
    ],
    ['many files in one directory', 'mkdir many; for i in $(seq 2000); do echo $i > many/$i; done'],
    ['all removed', 'rm -rf -- [!o]*'],
  ];
  for (const [name, script] of churns) {
    test(name, async () => {
      await lab.bash(1, `mkdir -p /srv/data/outside; cd /srv/data; ${script}`);
      await lab.waitUntilEqual();
    });
  }

  test('no full check ran in between', async () => {
    for (const { number } of lab.nodes)
      assert.equal(await lab.fullChecks(number), 1, `node${number}`);
  });
});
