import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromKey, isWithin, toKey } from '#src/path-bytes.js';
import { mergeChildren, type SweepStep, type SweepTree, sweepSteps } from '#src/sync/sweep-plan.js';
import { type Random, seededRandom } from '../support/csync2-random.js';

describe('steps of a full check', () => {
  test('a small root is one recursive step', () => {
    const steps = plan(['/r', '/r/a', '/r/b', '/r/b/c'], 100);
    assert.deepEqual(steps.map(shown), [{ paths: ['/r'], recursive: true }]);
  });

  test('a root that is gone and unknown is looked at all the same', () => {
    assert.deepEqual(plan([], 100).map(shown), [{ paths: ['/r'], recursive: true }]);
  });

  test('a flat directory with many files is cut, and the directory itself is looked at', () => {
    const steps = plan(['/r', ...Array.from({ length: 25 }, (_, index) => `/r/${index}`)], 10);
    assert.ok(steps.length >= 3);
    assert.ok(steps.every((step) => step.paths.length <= 10));
    assert.ok(steps.flatMap((step) => step.paths.map(toKey)).includes('/r'));
  });

  test('all is looked at, no step is much too big, a directory comes before what is in it', (context) => {
    const random = seededRandom(context);
    for (let round = 0; round < 200; round++) {
      const files = randomTree(random, 1 + random.below(150));
      const perStep = 1 + random.below(30);
      const steps = plan(files, perStep);
      const reached = new Map<string, number>();
      for (const [index, step] of steps.entries()) {
        assert.ok(step.paths.length > 0);
        let weight = 0;
        for (const path of step.paths) {
          for (const file of files) {
            const hit = step.recursive ? isWithin(fromKey(file), path) : file === toKey(path);
            if (!hit) continue;
            weight++;
            if (!reached.has(file)) reached.set(file, index);
          }
        }
        assert.ok(weight <= perStep, `a step of ${weight} files, wanted ${perStep}`);
      }
      for (const file of files) {
        assert.ok(reached.has(file), `${file} is not looked at`);
        const parent = file.slice(0, file.lastIndexOf('/'));
        if (!reached.has(parent)) continue;
        assert.ok((reached.get(parent) ?? 0) <= (reached.get(file) ?? 0), `${parent} after ${file}`);
      }
    }
  });

  test('what a step covers is looked up when its turn has come', () => {
    const files = ['/r', '/r/a', '/r/a/1', '/r/a/2', '/r/b', '/r/b/1', '/r/b/2'];
    const known = [...files];
    const steps = sweepSteps([Buffer.from('/r')], treeOf(known), 3);
    const seen: string[] = [];
    const first = steps.next();
    assert.ok(!first.done);
    for (const path of first.value.paths) seen.push(toKey(path));
    known.push('/r/b/3', '/r/b/4', '/r/b/5');
    for (const step of steps) seen.push(...step.paths.map(toKey));
    assert.ok(seen.includes('/r/b'));
  });

  test('children on disk and known ones, each once; a vanished one may have had files below it', () => {
    const onDisk = [
      { name: Buffer.from('dir'), deep: true },
      { name: Buffer.from('file'), deep: false },
    ];
    const known = [
      { name: Buffer.from('file'), deep: false },
      { name: Buffer.from('gone'), deep: true },
      { name: Buffer.from([0xff]), deep: true },
    ];
    const merged = mergeChildren(onDisk, known);
    assert.deepEqual(
      merged.map(({ name, deep }) => [name.toString('latin1'), deep]),
      [
        ['dir', true],
        ['file', false],
        ['gone', true],
        ['\xff', true],
      ],
    );
  });

  test('a known directory that is a file on disk now keeps what csync2 knows below it', () => {
    // The file's own row says nothing of the rows that csync2 still has below the name.
    const disk = ['/r', '/r/x', ...Array.from({ length: 5 }, (_, index) => `/r/f${index}`)];
    const known = ['/r', '/r/x', '/r/x/1', '/r/x/2'];
    const tree: SweepTree = {
      weigh: (path, limit) => Math.max(treeOf(disk).weigh(path, limit), treeOf(known).weigh(path, limit)),
      children: (directory) =>
        mergeChildren(treeOf(disk).children(directory), treeOf(known).children(directory)),
    };
    const steps = [...sweepSteps([Buffer.from('/r')], tree, 4)];
    const isCovered = (file: string) =>
      steps.some((step) =>
        step.paths.some((path) => (step.recursive ? isWithin(fromKey(file), path) : file === toKey(path))),
      );
    for (const file of [...disk, ...known]) assert.ok(isCovered(file), `${file} is not looked at`);
  });
});

function plan(files: readonly string[], perStep: number): SweepStep[] {
  return [...sweepSteps([Buffer.from('/r')], treeOf(files), perStep)];
}

function shown(step: SweepStep) {
  return { paths: step.paths.map(toKey), recursive: step.recursive };
}

function treeOf(files: readonly string[]): SweepTree {
  const within = (path: string) => files.filter((file) => isWithin(fromKey(file), fromKey(path)));
  return {
    weigh: (path, limit) => Math.min(limit, within(toKey(path)).length),
    children: (directory) => {
      const base = toKey(directory);
      const names = new Set(
        within(base)
          .filter((file) => file !== base)
          .map((file) => file.slice(base.length + 1).split('/')[0] as string),
      );
      return [...names].map((name) => ({ name: fromKey(name), deep: within(`${base}/${name}`).length > 1 }));
    },
  };
}

function randomTree(random: Random, count: number): string[] {
  const files = ['/r'];
  const directories = ['/r'];
  while (files.length < count) {
    const path = `${random.pick(directories)}/${files.length}`;
    files.push(path);
    if (random.below(4) === 0) directories.push(path);
  }
  return files;
}
