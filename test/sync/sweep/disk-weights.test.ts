import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { checkCost } from '#src/sync/sweep/check-cost.js';
import { DiskWeights } from '#src/sync/sweep/disk-weights.js';
import type { Entry } from '#src/sync/sweep/list-directory.js';
import { fromKey, isWithin, type PathBytes, toKey } from '#src/text/path-bytes.js';
import { seededRandom } from '../../support/csync2-random.js';

describe('weights of directories', () => {
  test('of any tree, in any order of asking: what there is, or that it is too much', (context: TestContext) => {
    const random = seededRandom(context);
    for (let round = 0; round < 300; round++) {
      const tree = new FakeDisk();
      const directories = ['/r'];
      for (let entry = 0; entry < random.below(200); entry++) {
        const path = `${random.pick(directories)}/${entry}`;
        const isDirectory = random.below(2) === 0;
        tree.add(path, isDirectory);
        if (isDirectory) directories.push(path);
      }
      const limit = 2 + random.below(60);
      for (let question = 0; question < 30; question++) {
        const path = random.pick(directories);
        const there = tree.weight(path);
        assert.equal(
          tree.weights.weigh(fromKey(path), limit),
          Math.min(there, limit),
          `${path} of ${there}`,
        );
      }
    }
  });

  test('2,000 directories in one another, each weighed in its turn: some are listed twice, no more', () => {
    const tree = new FakeDisk();
    let path = '/r';
    const chain = [path];
    for (let level = 0; level < 2000; level++) {
      path = `${path}/d`;
      tree.add(path, true);
      chain.push(path);
    }
    let below = 0;
    const expected = chain.map(() => 0);
    for (let level = chain.length - 1; level >= 0; level--) {
      below += checkCost((chain[level] as string).length);
      expected[level] = Math.min(1001, below);
    }
    const weights = chain.map((each) => tree.weights.weigh(fromKey(each), 1001));
    assert.deepEqual(weights, expected);
    assert.ok(tree.listed < 3 * chain.length, `${tree.listed} listings`);
  });

  test('what csync2 can not handle makes all above it too much, and nothing else', () => {
    const tree = new FakeDisk();
    const deep = `/r/a${`/${'n'.repeat(255)}`.repeat(15)}`;
    tree.add('/r/b', true);
    tree.add('/r/b/f', false);
    for (let end = deep.indexOf('/', 4); end > 0; end = deep.indexOf('/', end + 1))
      tree.add(deep.slice(0, end), true);
    tree.add(deep, true);
    tree.add(`${deep}/${'f'.repeat(255)}`, false);
    assert.equal(tree.weights.weigh(fromKey('/r'), 1000), 1000);
    assert.equal(tree.weights.weigh(fromKey('/r/a'), 1000), 1000);
    assert.equal(tree.weights.weigh(fromKey(deep), 1000), 1000);
    assert.equal(tree.weights.weigh(fromKey('/r/b'), 1000), 2);
  });

  test('what takes long to be counted is too much, and known only for a moment', () => {
    const tree = new FakeDisk();
    for (let index = 0; index < 50; index++) tree.add(`/r/${index}`, true);
    tree.secondsEach = 0.1;
    assert.equal(tree.weights.weigh(fromKey('/r'), 1000), 1000);
    tree.secondsEach = 0;
    assert.equal(tree.weights.weigh(fromKey('/r'), 1000), 51);
    tree.add('/r/0/new', false);
    tree.seconds += 10;
    assert.equal(tree.weights.weigh(fromKey('/r/0'), 1000), 2);
  });
});

class FakeDisk {
  readonly weights = new DiskWeights(
    (path) => this.#list(path),
    () => this.seconds * 1000,
  );
  seconds = 0;
  secondsEach = 0;
  listed = 0;
  readonly #entries = new Map<string, Entry[]>([['/r', []]]);
  readonly #paths: string[] = ['/r'];

  add(path: string, isDirectory: boolean): void {
    const end = path.lastIndexOf('/');
    this.#entries
      .get(path.slice(0, end))
      ?.push({ name: fromKey(path.slice(end + 1)), isDirectory });
    if (isDirectory) this.#entries.set(path, []);
    this.#paths.push(path);
  }

  weight(path: string): number {
    const within = this.#paths.filter((each) => isWithin(fromKey(each), fromKey(path)));
    return within.reduce((sum, each) => sum + checkCost(each.length), 0);
  }

  #list(path: PathBytes): readonly Entry[] {
    this.listed++;
    this.seconds += this.secondsEach;
    return this.#entries.get(toKey(path)) ?? [];
  }
}
