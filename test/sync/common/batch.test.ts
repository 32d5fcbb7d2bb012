import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { QueueEntry } from '#src/queue/entry.js';
import { type Batch, batchSize, makeBatch, mergeBatches } from '#src/sync/common/batch.js';
import { fromKey, isWithin, toKey } from '#src/text/path-bytes.js';
import { seededRandom } from '../../support/csync2-random.js';

const bytes = (path: string) => Buffer.from(path, 'latin1');
const file = (path: string): QueueEntry => ({ kind: 'file', path: bytes(path) });
const tree = (path: string): QueueEntry => ({ kind: 'tree', path: bytes(path) });
const keys = (paths: readonly Buffer[]) => paths.map(toKey);

describe('batch', () => {
  test('every path once, in the order of their first coming', () => {
    const batch = makeBatch([file('/b'), file('/a'), file('/b'), file('/c')]);
    assert.deepEqual(keys(batch.files), ['/b', '/a', '/c']);
    assert.equal(batchSize(batch), 3);
  });

  test('a tree swallows what lies below it, whichever came first', () => {
    const batch = makeBatch([
      file('/a/b/c'),
      tree('/a/b'),
      file('/a/b'),
      file('/a/bc'),
      tree('/a/b/d'),
    ]);
    assert.deepEqual(keys(batch.files), ['/a/bc']);
    assert.deepEqual(keys(batch.trees), ['/a/b']);
  });

  test('the tree of all swallows all', () => {
    const batch = makeBatch([file('/a'), tree('/a/b'), tree('/'), file('/c/d')]);
    assert.deepEqual(keys(batch.files), []);
    assert.deepEqual(keys(batch.trees), ['/']);
  });

  test('losses are left to the queue, and everything else is kept', () => {
    const lost = (reason: string): QueueEntry => ({ kind: 'loss', reason });
    const batch = makeBatch([lost('overflow'), file('/a'), lost('limit'), tree('/b')]);
    assert.deepEqual(keys(batch.files), ['/a']);
    assert.deepEqual(keys(batch.trees), ['/b']);
    assert.equal(batchSize(batch), 2);
  });

  test('names that differ in one byte that is no UTF-8 stay apart', () => {
    assert.equal(makeBatch([file('/\xe9'), file('/\xe8'), file('/\xef\xbf\xbd')]).files.length, 3);
  });

  test('merged batches have all paths of each, and doubt what one of them does', (context) => {
    const random = seededRandom(context);
    const path = () =>
      bytes(
        `/${Array.from({ length: 1 + random.below(4) }, () => random.pick(['a', 'ab', 'b', '\xff', 'x'.repeat(300)])).join('/')}`,
      );
    const sorted = ({ files, trees, covered, leftOut = [] }: Batch) =>
      [files, trees, covered, leftOut].map((paths) => keys(paths).sort());
    for (let round = 0; round < 1000; round++) {
      const several = Array.from({ length: 1 + random.below(4) }, () =>
        Array.from(
          { length: random.below(8) },
          (): QueueEntry => ({
            kind: random.pick(['file', 'file', 'touch', 'tree', 'recheck']),
            path: path(),
          }),
        ),
      );
      const batches = several.map(makeBatch);
      const merged = mergeBatches(batches);
      assert.deepEqual(sorted(merged), sorted(makeBatch(several.flat())));
      // What is in doubt in one of them stays so, or is looked at with a tree that is.
      const doubted = ({ files, trees, covered, trusted }: Batch) =>
        [...files, ...trees, ...covered].filter((each) => !trusted.has(toKey(each)));
      const stays = new Set(keys(doubted(merged)));
      const doubtedTrees = merged.trees.filter((each) => !merged.trusted.has(toKey(each)));
      for (const each of batches.flatMap(doubted)) {
        const isSo = stays.has(toKey(each)) || doubtedTrees.some((tree) => isWithin(each, tree));
        assert.ok(isSo, `no longer doubted: ${toKey(each)}`);
      }
    }
  });

  test('nothing is lost and nothing is said twice', (context) => {
    const random = seededRandom(context);
    const path = () =>
      `/${Array.from({ length: 1 + random.below(4) }, () => random.pick(['a', 'ab', 'b', '\xff'])).join('/')}`;
    for (let round = 0; round < 1000; round++) {
      const entries = Array.from({ length: random.below(12) }, () =>
        random.below(3) ? file(path()) : tree(path()),
      );
      const batch = makeBatch(entries);
      const files = keys(batch.files);
      const trees = keys(batch.trees);
      const isCovered = (key: string, without?: string) =>
        trees.some((top) => top !== without && isWithin(fromKey(key), fromKey(top)));
      for (const entry of entries) {
        if (entry.kind === 'loss') continue;
        const key = toKey(entry.path);
        assert.ok(isCovered(key) || (entry.kind === 'file' && files.includes(key)), `lost: ${key}`);
      }
      const asked = new Set(
        entries.map((entry) => (entry.kind === 'loss' ? '' : toKey(entry.path))),
      );
      for (const key of [...files, ...trees]) assert.ok(asked.has(key), `invented: ${key}`);
      for (const key of files) assert.ok(!isCovered(key), `twice: ${key}`);
      for (const key of trees) assert.ok(!isCovered(key, key), `twice: ${key}`);
      assert.equal(new Set([...files, ...trees]).size, batchSize(batch));
    }
  });
});
