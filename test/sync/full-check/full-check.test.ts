import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SweepOptions, SweepReport } from '#src/sync/check/checker.js';
import type { FailedPath } from '#src/sync/check/failed-path.js';
import { FullCheck, type FullCheckReport } from '#src/sync/full-check/full-check.js';
import type { SweepTree } from '#src/sync/sweep/sweep-plan.js';
import { fromKey, isWithin, toKey } from '#src/text/path-bytes.js';
import { type Random, seededRandom } from '../../support/csync2-random.js';

describe('a full check', () => {
  test('looks at everything that is included, each file once, and says so', async (context) => {
    const random = seededRandom(context);
    for (let round = 0; round < 30; round++) {
      const files = randomTree(random);
      const world = setUp({ files, roots: ['/r', '/s', '/gone'] });
      const report = await world.finish();
      for (const file of files) assert.equal(world.timesSwept(file), 1, file);
      assert.equal(world.timesSwept('/gone'), 1, 'a root that is gone');
      assert.deepEqual([report.complete, report.failed, report.heldRoots], [true, [], []]);
      assert.equal(report.steps, world.swept().length);
    }
  });

  test('reports the sum of what its steps have found', async () => {
    const files = ['/r', '/s'];
    const found = { marked: paths('/r/1', '/r/2'), doubted: 3 };
    const world = setUp({
      files,
      roots: ['/r', '/s'],
      sweep: async () => ({ ...nothing, ...found }),
    });
    const report = await world.finish();
    assert.deepEqual([report.found, report.doubted, report.steps], [4, 6, 2]);
    assert.deepEqual(report.paths, ['/r/1', '/r/2', '/r/1', '/r/2']);
    assert.ok(report.complete && report.isWaiting === false && report.seconds >= 0);
  });

  test('hands on how to look: with all below where that is little, and since when', async () => {
    const world = setUp({ files: ['/r', '/r/1'] });
    await world.finish();
    const [how] = world.asked();
    assert.deepEqual([how?.recursive, how?.unseenSince], [true, 4711]);
  });

  test('is not complete if a path has failed in any step, and tells the first of these', async () => {
    const failed = Array.from({ length: 70 }, (_, index): FailedPath => {
      return { path: Buffer.from(`/r/${index}`), recursive: false, outcome: 'failed', text: '' };
    });
    let step = 0;
    const world = setUp({
      files: ['/r', '/s', '/t'],
      roots: ['/r', '/s', '/t'],
      sweep: async () => (step++ < 2 ? { ...nothing, failed } : nothing),
    });
    const report = await world.finish();
    assert.equal(report.complete, false);
    assert.equal(report.failed.length, 100);
    assert.deepEqual(report.failed.slice(0, 70), failed);
    assert.equal(step, 3, 'the others are looked at all the same');
  });

  test('counts all that it finds, and keeps some thousands of the paths', async () => {
    const marked = Array.from({ length: 4000 }, (_, index) => Buffer.from(`/r/${index}`));
    const world = setUp({
      files: ['/r', '/s'],
      roots: ['/r', '/s'],
      sweep: async () => ({ ...nothing, marked }),
    });
    const report = await world.finish();
    assert.equal(report.found, 8000);
    assert.ok(report.paths.length >= 4000 && report.paths.length < 8000);
  });

  test('tells what csync2 cannot handle, and looks at all beside it', async () => {
    const name = 'n'.repeat(255);
    const deep = `/r${`/${name}`.repeat(15)}`;
    const tooLong = `${deep}/${name}`;
    const directories = Array.from(
      { length: 15 },
      (_, index) => `/r${`/${name}`.repeat(index + 1)}`,
    );
    const files = ['/r', '/r/f', ...directories, tooLong];
    const world = setUp({ files, tooLong });
    const report = await world.finish();
    assert.deepEqual(world.leftOut(), [tooLong]);
    for (const file of files) assert.equal(world.timesSwept(file), file === tooLong ? 0 : 1);
    assert.ok(report.complete);
  });
});

describe('a full check and places that are not there', () => {
  test('leaves out a root that is away, looks at the others, and waits', async () => {
    const world = setUp({ files: ['/r', '/s'], roots: ['/r', '/s'], away: ['/r'] });
    const report = await world.finish();
    assert.deepEqual([world.timesSwept('/r'), world.timesSwept('/s')], [0, 1]);
    assert.deepEqual(
      [report.complete, report.isWaiting, report.heldRoots.map(String)],
      [false, true, ['/r']],
    );
  });

  test('is not complete even if the place has come back meanwhile', async () => {
    const world = setUp({ files: ['/r', '/s'], roots: ['/r', '/s'], away: ['/r'] });
    while (world.swept().length === 0) await world.step();
    world.away();
    const report = await world.finish();
    assert.deepEqual(
      [report.complete, report.isWaiting, report.heldRoots.map(String)],
      [false, false, ['/r']],
    );
  });

  test('looks at the places before each step, and gives csync2 nothing below one that has gone since', async () => {
    const world = setUp({ files: manyBelow('/r', 30) });
    await world.step();
    while (world.swept().length === 0) await world.step();
    const before = world.swept().length;
    world.away('/r');
    const looks = world.looks();
    const report = await world.finish();
    assert.equal(world.swept().length, before);
    assert.ok(world.looks() > looks);
    assert.ok(!report.complete && report.heldRoots.length > 0);
  });

  test('is not complete if the checker has left out something', async () => {
    const held = paths('/r/away', '/r/away');
    const world = setUp({ files: ['/r'], sweep: async () => ({ ...nothing, held }) });
    const report = await world.finish();
    assert.deepEqual([report.complete, report.heldRoots.map(String)], [false, ['/r/away']]);
  });
});

describe('a full check and sessions of the server', () => {
  test('a busy server holds a step up, which is taken the next time', async (context) => {
    const random = seededRandom(context);
    for (let round = 0; round < 10; round++) {
      const files = randomTree(random);
      const world = setUp({ files, roots: ['/r', '/s'] });
      for (let report: FullCheckReport | undefined; !report; ) {
        const isQuiet = random.below(2) === 0;
        world.quiet(isQuiet);
        const before = world.swept().length;
        const result = await world.step();
        if (isQuiet) assert.notEqual(result, 'busy');
        else assert.deepEqual([result, world.swept().length], ['busy', before]);
        if (result !== 'busy') report = result;
        if (report) assert.ok(report.complete);
      }
      for (const file of files) assert.equal(world.timesSwept(file), 1, file);
    }
  });

  test('one that does not wait goes on beside a busy server', async () => {
    const world = setUp({ files: ['/r'] });
    world.quiet(false);
    assert.equal(await world.step(true), 'busy');
    assert.notEqual(await world.step(false), 'busy');
    assert.equal(world.timesSwept('/r'), 1);
  });
});

describe('a full check that is ended half-way', () => {
  test('reports at once that it is not complete, and takes no other step', async () => {
    const world = setUp({ files: manyBelow('/r', 30) });
    while (world.swept().length === 0) await world.step();
    const before = world.swept().length;
    const report = await world.step(true, AbortSignal.abort());
    assert.ok(report && report !== 'busy' && !report.complete);
    assert.equal(world.swept().length, before);
  });

  test('resumes nothing, and is never complete', async () => {
    for (const end of ['abort', 'close'] as const) {
      const world = setUp({ files: manyBelow('/r', 30) });
      while (world.swept().length === 0) await world.step();
      const before = world.swept().length;
      if (end === 'abort') await world.step(true, AbortSignal.abort());
      else world.close();
      const report = await world.finish();
      assert.equal(world.swept().length, before);
      assert.equal(report.complete, false, end);
    }
  });

  test('lets go of the directories that it was reading', async () => {
    const world = setUp({ files: manyBelow('/r', 30) });
    while (world.open() === 0) await world.step();
    world.close();
    assert.equal(world.open(), 0);
  });

  test('is not complete after a step that has failed altogether', async () => {
    let isBroken = true;
    const world = setUp({
      files: ['/r', '/s'],
      roots: ['/r', '/s'],
      async sweep() {
        if (isBroken) throw new Error('no memory');
        return nothing;
      },
    });
    await assert.rejects(async () => {
      for (;;) await world.step();
    }, /no memory/);
    isBroken = false;
    assert.equal((await world.finish()).complete, false);
  });
});

const nothing: SweepReport = { failed: [], held: [], marked: [], doubted: 0 };

interface World {
  readonly files: readonly string[];
  readonly roots?: readonly string[];
  readonly away?: readonly string[];
  /** csync2 can't handle it, and nothing above it can be checked with all below. */
  readonly tooLong?: string;
  readonly sweep?: () => Promise<SweepReport>;
}

function setUp({
  files,
  roots = ['/r'],
  away: awayFirst = [],
  tooLong,
  sweep = async () => nothing,
}: World) {
  const swept: { readonly names: readonly string[]; readonly options: SweepOptions }[] = [];
  const leftOut: string[] = [];
  let [away, isQuiet, looks, open] = [awayFirst, true, 0, 0];
  const tree = treeOf(files, tooLong, (change) => {
    open += change;
  });
  const check = new FullCheck({
    roots: paths(...roots),
    tree,
    unseenSince: 4711,
    checker: {
      sweep(swepts, options) {
        swept.push({ names: swepts.map(toKey), options });
        return sweep();
      },
    },
    guard: {
      look: () => looks++,
      forbids: (path) => away.some((place) => isWithin(path, fromKey(place))),
      get whole() {
        return away.length === 0;
      },
    },
    window: { run: (task) => task(isQuiet) },
    onLeftOut: (left) => leftOut.push(...left.map(toKey)),
  });
  const step = (waits = true, signal = new AbortController().signal) => check.step(waits, signal);
  const covers = (name: string, of: string, { recursive }: SweepOptions) =>
    recursive ? isWithin(fromKey(of), fromKey(name)) : name === of;
  return {
    step,
    close: () => check.close(),
    async finish(): Promise<FullCheckReport> {
      for (let steps = 0; steps < 10_000; steps++) {
        const report = await step();
        if (report && report !== 'busy') return report;
      }
      return assert.fail('it does not end');
    },
    /** In how many steps a file has been looked at. */
    timesSwept: (file: string) =>
      swept.flatMap(({ names, options }) => names.filter((name) => covers(name, file, options)))
        .length,
    swept: () => swept,
    asked: () => swept.map(({ options }) => options),
    away: (...places: readonly string[]) => {
      away = places;
    },
    quiet: (quiet: boolean) => {
      isQuiet = quiet;
    },
    looks: () => looks,
    open: () => open,
    leftOut: () => leftOut,
  };
}

/** Each file weighs so much that a few dozen are too many for one step. */
function treeOf(
  files: readonly string[],
  tooLong: string | undefined,
  onOpen: (change: 1 | -1) => void,
): SweepTree {
  const within = (path: string) => files.filter((file) => isWithin(fromKey(file), fromKey(path)));
  return {
    weigh(path, limit) {
      const isCut = tooLong?.startsWith(`${toKey(path)}/`) ?? false;
      return isCut ? limit : Math.min(limit, within(toKey(path)).length * 500);
    },
    *children(directory) {
      onOpen(1);
      try {
        const base = toKey(directory);
        const below = within(base).filter((file) => file !== base);
        const names = [
          ...new Set(below.map((file) => file.slice(base.length + 1).split('/')[0] as string)),
        ];
        for (let at = 0; at < names.length; at += 10) {
          yield names.slice(at, at + 10).map((name) => {
            return { name: fromKey(name), deep: within(`${base}/${name}`).length > 1 };
          });
        }
      } finally {
        onOpen(-1);
      }
    },
    isEntered: () => true,
  };
}

/** Directories with a file in each. */
function manyBelow(root: string, count: number): string[] {
  return [
    root,
    ...Array.from({ length: count }, (_, index) => [
      `${root}/${index}`,
      `${root}/${index}/f`,
    ]).flat(),
  ];
}

function randomTree(random: Random): string[] {
  const directories = ['/r', '/s'];
  const files = [...directories];
  for (let count = 1 + random.below(120); count > 0; count--) {
    const path = `${random.pick(directories)}/${files.length}`;
    files.push(path);
    if (random.below(4) === 0) directories.push(path);
  }
  return files;
}

function paths(...names: readonly string[]): Buffer[] {
  return names.map((name) => Buffer.from(name));
}
