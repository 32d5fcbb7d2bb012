import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Clearance, type Cleared } from '#src/sync/check/clearance.js';
import type { SurveyOptions } from '#src/sync/common/survey.js';
import { isWithin } from '#src/text/path-bytes.js';

/** A tree by its directories: the names in each, those of directories with a slash. */
const tree: Readonly<Record<string, readonly string[]>> = {
  '/t': ['a/', 'b/', 'f', 'g'],
  '/t/a': ['deep/', 'one'],
  '/t/a/deep': ['x', 'y/', 'z'],
  '/t/a/deep/y': ['1'],
  '/t/b': ['2'],
};

describe('what csync2 may look at', () => {
  test('everything, where all is in sight: as it is asked for', async () => {
    assert.deepEqual(await cleared(['/t', '/u'], { recursive: true }), { whole: ['/t', '/u'] });
    assert.deepEqual(await cleared(['/t/f'], {}), { whole: ['/t/f'] });
  });

  test('a file that cannot be looked at is left out of a tree, its siblings are checked one by one', async () => {
    assert.deepEqual(
      await cleared(['/t', '/u'], { recursive: true, errors: { '/t/a/deep/x': 'EIO' } }),
      {
        whole: ['/u'],
        files: ['/t', '/t/a', '/t/a/deep', '/t/a/deep/z', '/t/a/one', '/t/f', '/t/g'],
        trees: ['/t/a/deep/y', '/t/b'],
        failed: ['/t/a/deep/x EIO'],
      },
    );
  });

  test('so is a directory, with all below it', async () => {
    assert.deepEqual(
      await cleared(['/t'], { recursive: true, errors: { '/t/a': 'EACCES', '/t/b/2': 'ESTALE' } }),
      {
        files: ['/t', '/t/b', '/t/f', '/t/g'],
        failed: ['/t/a EACCES', '/t/b/2 ESTALE'],
      },
    );
  });

  test('a path that cannot be looked at itself is not given at all', async () => {
    const errors = { '/t': 'ENOTCONN', '/u': 'EIO' };
    assert.deepEqual(await cleared(['/t', '/v'], { recursive: true, errors }), {
      whole: ['/v'],
      failed: ['/t ENOTCONN'],
    });
    assert.deepEqual(await cleared(['/u', '/v'], { errors }), {
      whole: ['/v'],
      failed: ['/u EIO'],
    });
  });

  test('a place that is away: what lies at or below it, and what lies above without it', async () => {
    const away = ['/t/a/deep'];
    assert.deepEqual(await cleared(['/t/a/deep', '/t/a/deep/x', '/t/f'], { away }), {
      whole: ['/t/f'],
      held: ['/t/a/deep', '/t/a/deep/x'],
    });
    assert.deepEqual(await cleared(['/t'], { away, recursive: true }), {
      files: ['/t', '/t/a', '/t/a/one', '/t/f', '/t/g'],
      trees: ['/t/b'],
      held: ['/t/a/deep'],
    });
    assert.deepEqual(await cleared(['/t/a/deep/y'], { away, recursive: true }), {
      held: ['/t/a/deep/y'],
    });
  });

  test('a place of which nothing is there or known is left out all the same', async () => {
    assert.deepEqual(await cleared(['/t/b'], { away: ['/t/b/gone/mount'], recursive: true }), {
      files: ['/t/b', '/t/b/2'],
      held: ['/t/b/gone/mount'],
    });
  });

  test('the places are looked at last, and paths that were looked at just now only by them', async () => {
    const asked: string[] = [];
    await cleared(['/t'], { recursive: true, asked });
    assert.deepEqual(asked, ['survey', 'guard']);
    asked.length = 0;
    await cleared(['/t/f'], { isLookedAt: true, asked });
    assert.deepEqual(asked, ['guard']);
    asked.length = 0;
    await cleared(['/t'], { isLookedAt: true, recursive: true, asked });
    assert.deepEqual(asked, ['survey', 'guard'], 'nobody has looked below it');
  });
});

interface World {
  readonly recursive?: boolean;
  readonly isLookedAt?: boolean;
  readonly errors?: Readonly<Record<string, string>>;
  readonly away?: readonly string[];
  readonly asked?: string[];
}

async function cleared(paths: readonly string[], world: World) {
  const { recursive = false, isLookedAt = false, errors = {}, away = [], asked = [] } = world;
  const places = away.map((path) => Buffer.from(path));
  const clearance = new Clearance({
    guard: {
      look: () => void asked.push('guard'),
      whole: places.length === 0,
      forbids: (path) => places.some((place) => isWithin(path, place)),
      awayWithin: (path) => places.filter((place) => isWithin(place, path)),
    },
    tree: {
      children: (directory) => [
        (tree[String(directory)] ?? []).map((name) => ({
          name: Buffer.from(name.replace('/', '')),
          deep: name.endsWith('/'),
        })),
      ],
    },
    survey: async (surveyed: readonly Buffer[], options: SurveyOptions) => {
      asked.push('survey');
      const unreadable = Object.entries(errors)
        .map(([path, errno]) => ({ path: Buffer.from(path), errno }))
        .filter(({ path }) =>
          surveyed.some((each) => (options.recursive ? isWithin(path, each) : path.equals(each))),
        );
      return { entries: 0, changed: [], unreadable };
    },
  });
  return shown(
    await clearance.of(
      paths.map((path) => Buffer.from(path)),
      { recursive, isLookedAt },
    ),
  );
}

/** Without what is empty. */
function shown({ whole, trees, files, failed, held }: Cleared) {
  const lists = {
    whole: whole.map(String).sort(),
    trees: trees.map(String).sort(),
    files: files.map(String).sort(),
    failed: failed
      .map(({ path, outcome, text }) => (outcome === 'unreadable' ? `${path} ${text}` : ''))
      .sort(),
    held: held.map(String).sort(),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}
