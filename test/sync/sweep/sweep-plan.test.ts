import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type SweepStep, type SweepTree, sweepSteps } from '#src/sync/sweep/sweep-plan.js';
import { fromKey, isWithin, toKey } from '#src/text/path-bytes.js';
import { type Random, seededRandom } from '../../support/csync2-random.js';

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
        assert.ok(
          (reached.get(parent) ?? 0) <= (reached.get(file) ?? 0),
          `${parent} after ${file}`,
        );
      }
    }
  });

  test('what a step covers is looked up when its turn has come', () => {
    const files = ['/r', '/r/a', '/r/a/1', '/r/a/2', '/r/b', '/r/b/1', '/r/b/2'];
    const known = [...files];
    const steps = sweepSteps([Buffer.from('/r')], treeOf(known), 3);
    const seen: string[] = [];
    while (seen.length === 0) {
      const { value } = steps.next();
      for (const path of value?.paths ?? []) seen.push(toKey(path));
    }
    known.push('/r/b/3', '/r/b/4', '/r/b/5');
    for (const step of steps) seen.push(...step.paths.map(toKey));
    assert.ok(seen.includes('/r/b'));
  });

  test('a known directory that is a file on disk now keeps what csync2 knows below it', () => {
    // The file's own row says nothing of the rows that csync2 still has below the name.
    const disk = ['/r', '/r/x', ...Array.from({ length: 5 }, (_, index) => `/r/f${index}`)];
    const known = ['/r', '/r/x', '/r/x/1', '/r/x/2'];
    const tree: SweepTree = {
      ...treeOf(disk),
      weigh: (path, limit) =>
        Math.max(treeOf(disk).weigh(path, limit), treeOf(known).weigh(path, limit)),
      children: (directory) => [
        ...treeOf(disk).children(directory),
        ...treeOf(known).children(directory),
      ],
    };
    const steps = [...sweepSteps([Buffer.from('/r')], tree, 4)];
    for (const file of [...disk, ...known])
      assert.ok(isCovered(steps, file), `${file} is not looked at`);
  });

  test('a directory that csync2 does not enter is not cut: what is in it would be looked at by name', () => {
    const files = [
      '/r',
      '/r/a',
      '/r/.git',
      ...Array.from({ length: 25 }, (_, index) => `/r/.git/${index}`),
    ];
    const tree = { ...treeOf(files), isEntered: (path: Buffer) => !path.includes('.git') };
    const looked = [...sweepSteps([Buffer.from('/r')], tree, 10)].flatMap(({ paths }) =>
      paths.map(toKey),
    );
    assert.deepEqual(looked.sort(), ['/r', '/r/.git', '/r/a']);
  });

  test('what is too long for csync2 is left out and told, all beside it is looked at', () => {
    const name = 'n'.repeat(255);
    const deep = Array.from({ length: 15 }, (_, index) => `/r/m${`/${name}`.repeat(index + 1)}`);
    const tooLong = [`${deep.at(-1)}/${name}`, `${deep.at(-1)}/${'f'.repeat(254)}`];
    const files = ['/r', '/r/m', '/r/m/f', ...deep, `${deep.at(-1)}/f`, ...tooLong];
    const heavy = (path: string) => tooLong.some((each) => each.startsWith(`${path}/`));
    const tree: SweepTree = {
      ...treeOf(files),
      weigh: (path, limit) => (heavy(toKey(path)) ? limit : treeOf(files).weigh(path, limit)),
    };
    const steps = [...sweepSteps([Buffer.from('/r')], tree, 1000)];
    assert.deepEqual(
      steps.flatMap(({ leftOut = [] }) => leftOut.map(toKey)),
      tooLong,
    );
    for (const file of files) assert.equal(isCovered(steps, file), !tooLong.includes(file), file);
    assert.ok(
      steps.every(
        ({ paths, recursive }) => !recursive || paths.every((path) => !heavy(toKey(path))),
      ),
    );
    // Not a command of csync2's for each directory.
    assert.ok(steps.filter(({ paths }) => paths.length > 0).length <= 2);
  });

  test('a million names in one directory: a step at a time, a few thousand names in each, and then closed', () => {
    let open = 0;
    const tree: SweepTree = {
      ...treeOf([]),
      weigh: (path, limit) => (toKey(path) === '/r' ? limit : 1),
      *children() {
        open++;
        try {
          for (let at = 0; at < 1e6; at += 4000) {
            yield Array.from({ length: 4000 }, (_, index) => ({
              name: Buffer.from(`d${at + index}`),
              deep: true,
            }));
          }
        } finally {
          open--;
        }
      },
    };
    let paths = 0;
    for (const step of sweepSteps([Buffer.from('/r')], tree, 8000)) {
      assert.ok(step.paths.length <= 8000);
      paths += step.paths.length;
    }
    assert.deepEqual([paths, open], [1e6 + 1, 0]);
    const steps = sweepSteps([Buffer.from('/r')], tree, 8000);
    for (let step = 0; step < 10; step++) steps.next();
    assert.equal(open, 1);
    steps.return();
    assert.equal(open, 0);
  });
});

function isCovered(steps: readonly SweepStep[], file: string): boolean {
  return steps.some(({ paths, recursive }) =>
    paths.some((path) => (recursive ? isWithin(fromKey(file), path) : file === toKey(path))),
  );
}

function plan(files: readonly string[], perStep: number): SweepStep[] {
  const steps = [...sweepSteps([Buffer.from('/r')], treeOf(files), perStep)];
  return steps.filter(({ paths }) => paths.length > 0);
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
      return [
        [...names].map((name) => ({
          name: fromKey(name),
          deep: within(`${base}/${name}`).length > 1,
        })),
      ];
    },
    isEntered: () => true,
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
