import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { fairShare } from '#src/sync/common/fair-share.js';
import { seededRandom } from '../../support/csync2-random.js';

const share = (paths: readonly string[], most: number) => fairShare(paths, most, (path) => path);

describe('a fair share', () => {
  test('few are all taken, as they are', () => {
    assert.deepEqual(share(['/b', '/a'], 2), ['/b', '/a']);
    assert.deepEqual(share([], 2), []);
  });

  test('one beside ten thousand of others has its turn', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `/home/many/${index}/x`);
    const taken = share([...many.slice(0, 5000), '/home/one/file', ...many.slice(5000)], 50);
    assert.equal(taken.length, 50);
    assert.ok(taken.includes('/home/one/file'));
    assert.ok(taken.includes('/home/many/0/x'), 'the most urgent of the others');
  });

  test('one beside directories in one another, and in the midst of them', () => {
    const chain = Array.from({ length: 2000 }, (_, index) => `/srv/m${'/d'.repeat(2000 - index)}`);
    const taken = share([...chain, '/srv/m/f', '/srv/m/d/d/d/g'], 50);
    for (const path of ['/srv/m/f', '/srv/m/d/d/d/g']) assert.ok(taken.includes(path), path);
  });

  test('of more directories than may be taken, the most urgent', () => {
    const paths = Array.from({ length: 100 }, (_, index) => `/d${index}/f`);
    assert.deepEqual(share(paths, 3), ['/d0/f', '/d1/f', '/d2/f']);
  });

  test('of any paths: as many as may be, each once, in their order, and nobody more than his neighbour could have', (context: TestContext) => {
    const random = seededRandom(context);
    for (let round = 0; round < 1000; round++) {
      const paths = [
        ...new Set(
          Array.from({ length: random.below(60) }, () =>
            Array.from({ length: 1 + random.below(4) }, () => `/${random.below(4)}`).join(''),
          ),
        ),
      ];
      const most = 1 + random.below(20);
      const taken = share(paths, most);
      assert.equal(taken.length, Math.min(most, paths.length));
      assert.deepEqual(
        taken,
        paths.filter((path) => taken.includes(path)),
      );
      const counts = (list: readonly string[], top: string) =>
        list.filter((path) => path === top || path.startsWith(`${top}/`)).length;
      const tops = ['/0', '/1', '/2', '/3'];
      for (const top of tops) {
        // Who did not get all has at most one less than anybody else.
        if (counts(taken, top) === counts(paths, top)) continue;
        if (tops.filter((each) => counts(paths, each) > 0).length > most) continue;
        for (const other of tops)
          assert.ok(counts(taken, other) <= counts(taken, top) + 1, `${paths} ${most}`);
      }
    }
  });
});
