import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Batch, batchSize } from '#src/sync/common/batch.js';
import { portionsOf } from '#src/sync/take/portions.js';
import { isWithin, type PathBytes, toKey } from '#src/text/path-bytes.js';
import { type Random, seededRandom } from '../../support/csync2-random.js';

describe('portions of a batch', () => {
  test('a small batch is one portion, as it is', () => {
    const batch = batchOf(['/a', '/b'], ['/tree'], ['/tree/covered']);
    const { first, rest } = portionsOf(batch, treeOf({ '/tree': 5 }), 7, false);
    assert.equal(first, undefined);
    assert.deepEqual([...iterate(rest)], [batch]);
    const empty = batchOf([], []);
    assert.deepEqual(portionsOf(empty, treeOf({}), 7, false).rest.next().value, empty);
  });

  test('what could be checked at once is small, whether it is cut or not', () => {
    const many = batchOf(['/a/1', '/a/2', '/a/3', '/a/4', '/a/5'], ['/tree']);
    const isSmall = (most: number, isBehind: boolean) =>
      portionsOf(many, treeOf({ '/tree': 5 }), most, isBehind).isSmall;
    assert.deepEqual([isSmall(100, false), isSmall(100, true)], [true, true]);
    assert.deepEqual([isSmall(7, false), isSmall(7, true)], [false, false]);
  });

  test('links go last: with the others where these are little, behind all else where something is waited for', () => {
    const isLink = (path: PathBytes) => toKey(path).endsWith('link');
    const batch = batchOf(['/link', '/a', '/dir/link', '/b'], ['/tree']);
    const order = (most: number, isBehind: boolean) => {
      const { first, rest } = portionsOf(batch, treeOf({ '/tree': 5 }), most, isBehind, isLink);
      return [...(first ? [first] : []), ...iterate(rest)].map(shown);
    };
    assert.deepEqual(order(100, false), ['trees /tree files /a /b /link /dir/link']);
    assert.deepEqual(order(100, true), ['trees /tree files /a /b', 'files /link /dir/link']);
    assert.equal(order(5, false).at(-1), 'files /link /dir/link');
    const links = batchOf(['/link', '/dir/link'], []);
    assert.deepEqual([...iterate(portionsOf(links, treeOf({}), 5, true, isLink).rest)], [links]);
  });

  test('trees come before files, a portion holds no more than it may', () => {
    const files = Array.from({ length: 12 }, (_, index) => `/many/${index}`);
    const batch = batchOf(files, ['/x', '/y', '/z'], ['/x/covered']);
    const { first, rest } = portionsOf(batch, treeOf({ '/x': 3, '/y': 2, '/z': 4 }), 5, false);
    assert.equal(first, undefined);
    assert.deepEqual([...iterate(rest)].map(shown), [
      'covered /x/covered',
      'trees /x /y',
      'trees /z',
      'files /many/0 /many/1 /many/2 /many/3 /many/4',
      'files /many/5 /many/6 /many/7 /many/8 /many/9',
      'files /many/10 /many/11',
    ]);
  });

  test('of a large one, what is alone in its directory goes first', () => {
    const files = [
      ...Array.from({ length: 12 }, (_, index) => `/many/${index}`),
      '/etc/a',
      '/home/b',
    ];
    const { first, rest } = portionsOf(batchOf(files, ['/new']), treeOf({ '/new': 4 }), 5, false);
    assert.equal(first && shown(first), 'files /etc/a /home/b');
    assert.ok([...iterate(rest)].every((portion) => !/etc|home/.test(shown(portion))));
  });

  test('behind another batch, what is small goes first as a whole, else what is alone', () => {
    const small = batchOf(['/a', '/dir/b'], ['/tree'], ['/tree/covered']);
    const whole = portionsOf(small, treeOf({ '/tree': 5 }), 100, true);
    assert.equal(whole.first, small);
    assert.deepEqual([...iterate(whole.rest)], []);
    const many = Array.from({ length: 60 }, (_, index) => `/many/${index}`);
    const { first, rest } = portionsOf(
      batchOf([...many, '/a', '/b/.c.abcdef'], []),
      treeOf({}),
      100,
      true,
    );
    assert.equal(
      first && shown(first),
      'files /a',
      'and nothing of what csync2 itself leaves behind',
    );
    assert.equal([...iterate(rest)].flatMap(({ files }) => files).length, 61);
  });

  test('nothing is left out, nothing comes twice', (context: TestContext) => {
    const random = seededRandom(context);
    for (let round = 0; round < 200; round++) {
      const files = Array.from(
        { length: random.below(150) },
        (_, index) => `/f${random.below(40)}/${index}`,
      );
      const weights: Record<string, number> = {};
      const trees = Array.from({ length: random.below(8) }, (_, index) => `/t${index}`);
      for (const tree of trees) weights[tree] = 1 + random.below(9);
      const covered = trees.map((tree) => `${tree}/covered`);
      const { first, rest } = portionsOf(
        batchOf(files, trees, covered),
        treeOf(weights),
        10,
        random.below(2) === 0,
      );
      const all = [...(first ? [first] : []), ...iterate(rest)];
      const got = (key: 'files' | 'trees' | 'covered') =>
        all.flatMap((portion) => portion[key].map(toKey)).sort();
      assert.deepEqual(got('files'), [...files].sort());
      assert.deepEqual(got('trees'), [...trees].sort());
      assert.deepEqual(got('covered'), covered);
    }
  });

  test('a large tree is cut into pieces that cover it', (context: TestContext) => {
    const random: Random = seededRandom(context);
    const inTree = Array.from(
      { length: 300 },
      (_, index) => `/big/${random.below(5)}/${random.below(5)}/${index}`,
    );
    const { rest } = portionsOf(batchOf([], ['/big']), deepTree(inTree), 20, false);
    const portions = [...iterate(rest)];
    assert.ok(portions.length > 10);
    for (const file of inTree.map((path) => Buffer.from(path))) {
      const isLookedAt = portions.some(
        ({ files, trees }) =>
          files.some((each) => each.equals(file)) || trees.some((each) => isWithin(file, each)),
      );
      assert.ok(isLookedAt, file.toString());
    }
  });
});

function batchOf(
  files: readonly string[],
  trees: readonly string[],
  covered: readonly string[] = [],
): Batch {
  const bytes = (paths: readonly string[]) => paths.map((path) => Buffer.from(path));
  return {
    files: bytes(files),
    trees: bytes(trees),
    covered: bytes(covered),
    trusted: new Set<string>(),
  };
}

/** Trees of so many files, all of them directly in it. */
function treeOf(weights: Readonly<Record<string, number>>) {
  return {
    weigh: (path: PathBytes, limit: number) => Math.min(weights[toKey(path)] ?? 1, limit),
    children: (directory: PathBytes) => [
      Array.from({ length: weights[toKey(directory)] ?? 0 }, (_, index) => ({
        name: Buffer.from(String(index)),
        deep: false,
      })),
    ],
    isEntered: () => true,
  };
}

function deepTree(files: readonly string[]) {
  return {
    weigh: (path: PathBytes, limit: number) =>
      Math.min(1 + files.filter((file) => isWithin(Buffer.from(file), path)).length, limit),
    children(directory: PathBytes) {
      const base = `${toKey(directory)}/`;
      const names = new Map<string, boolean>();
      for (const file of files.filter((each) => each.startsWith(base))) {
        const [name = '', ...more] = file.slice(base.length).split('/');
        names.set(name, more.length > 0);
      }
      return [[...names].map(([name, deep]) => ({ name: Buffer.from(name), deep }))];
    },
    isEntered: () => true,
  };
}

/** All but the empty ones. */
function* iterate(iterator: Iterator<Batch, void>): Generator<Batch> {
  for (let item = iterator.next(); !item.done; item = iterator.next()) {
    if (item.value.covered.length + batchSize(item.value) > 0) yield item.value;
  }
}

function shown({ files, trees, covered }: Batch): string {
  const part = (name: string, paths: readonly PathBytes[]) =>
    paths.length > 0 ? [name, ...paths.map(toKey)] : [];
  return [...part('trees', trees), ...part('files', files), ...part('covered', covered)].join(' ');
}
