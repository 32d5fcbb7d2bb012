import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Conflict, conflictsOf, countBelow, newestOf } from '#src/sync/compare/conflict.js';
import type { NotePair } from '#src/sync/compare/note-comparison.js';

const file = (seconds: number) =>
  `v1%3Amtime=${seconds}%3Amode=33188%3Auid=0%3Agid=0%3Atype=reg%3Asize=3`;
const directory = 'v1%3Amode=16877%3Auid=0%3Agid=0%3Atype=dir';
const link = 'v1%3Atype=lnk%3Atarget=there';
const pair = (here: string | undefined, there: string | undefined): NotePair => ({ here, there });

function found(held: readonly string[], differences: Record<string, NotePair> | undefined) {
  const known = differences && new Map(Object.entries(differences));
  return conflictsOf(
    'node2',
    held.map((name) => ({ name, since: 1 })),
    known,
    (name) => known?.get(name)?.here ?? file(7),
  );
}

const single = (peer: string, here: string | undefined, there: string | undefined): Conflict => {
  const [conflict] = conflictsOf(
    peer,
    [{ name: '/a', since: 1 }],
    new Map([['/a', pair(here, there)]]),
    () => here,
  );
  assert.ok(conflict);
  return conflict;
};

describe('conflicts', () => {
  test('a directory on one side takes all below it along, also what is called a conflict itself', () => {
    const conflicts = found(['/d-1', '/d/x', '/d', '/e/y'], {
      '/d': pair(directory, file(1)),
      '/d/x': pair(file(2), undefined),
      '/d/z': pair(file(3), undefined),
      '/d-1': pair(file(1), file(2)),
      '/e/y': pair(undefined, file(2)),
    });
    assert.deepEqual(
      conflicts.map(({ name, isTree, parts }) => [name, isTree, [...parts.keys()]]),
      [
        ['/d', true, ['/d', '/d/x', '/d/z']],
        ['/d-1', false, ['/d-1']],
        ['/e/y', false, ['/e/y']],
      ],
    );
    assert.deepEqual(
      [
        conflicts[0] && countBelow(conflicts[0], 'here'),
        countBelow(conflicts[0] as Conflict, 'there'),
      ],
      [2, 0],
    );
  });

  test('a directory on both sides is no tree: what is below it is decided by itself', () => {
    const conflicts = found(['/d', '/d/x'], {
      '/d': pair(directory, directory.replace('16877', '16832')),
      '/d/x': pair(file(1), file(2)),
    });
    assert.deepEqual(
      conflicts.map(({ name, isTree, parts }) => [name, isTree, parts.size]),
      [
        ['/d', false, 1],
        ['/d/x', false, 1],
      ],
    );
  });

  test('what both have alike by now is the same, and what the peer does not tell is not known', () => {
    assert.deepEqual(found(['/a'], {})[0]?.pair, pair(file(7), file(7)));
    const [unknown] = found(['/d', '/d/x'], undefined);
    assert.deepEqual([unknown?.pair, unknown?.isTree], [undefined, false]);
    assert.equal(found(['/d', '/d/x'], undefined).length, 2);
  });
});

describe('the newest version', () => {
  test('of two hosts, and of three', () => {
    assert.deepEqual(newestOf([single('node2', file(5), file(4))]), { peer: undefined });
    assert.deepEqual(newestOf([single('node2', file(4), file(5))]), { peer: 'node2' });
    const three = [single('node2', file(4), file(5)), single('node3', file(4), file(6))];
    assert.deepEqual(newestOf(three), { peer: 'node3' });
  });

  test('is unknown in the same second, and where csync2 notes no time', () => {
    assert.equal(newestOf([single('node2', file(4), file(4))]), 'unknown');
    assert.equal(newestOf([single('node2', undefined, file(4))]), 'unknown');
    assert.equal(newestOf([single('node2', link, file(4))]), 'unknown');
    assert.equal(newestOf([single('node2', directory, file(4))]), 'unknown');
    assert.equal(
      newestOf([single('node2', file(1), file(4)), single('node3', file(1), file(4))]),
      'unknown',
    );
    assert.equal(newestOf([]), 'unknown');
  });

  test('of a tree by the newest file in it', () => {
    const [tree] = found(['/d'], {
      '/d': pair(directory, file(5)),
      '/d/x': pair(file(2), undefined),
      '/d/y': pair(file(9), undefined),
    });
    assert.deepEqual(newestOf(tree ? [tree] : []), { peer: undefined });
  });
});
