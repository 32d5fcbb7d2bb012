import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { noChanges, type Survey, survey } from '#src/sync/common/survey.js';
import { runCommand } from '../../support/command.js';

const cannotDropRights =
  process.getuid?.() === 0 ? false : 'only root can give up its rights for a moment';

describe('a survey', () => {
  test('counts what is there, and nothing of what is not', async (context) => {
    const root = folder(context);
    mkdirSync(join(root, 'a/b'), { recursive: true });
    for (const name of ['1', 'a/2', 'a/b/3']) writeFileSync(join(root, name), name);
    symlinkSync('/etc', join(root, 'a/link'));
    assert.deepEqual(await look([root]), { entries: 7, changed: [], unreadable: [] });
    assert.equal((await look([root], { recursive: false })).entries, 1);
    const absent = [
      join(root, 'gone'),
      join(root, '1/below a file'),
      join(root, 'a/link/passwd/x'),
    ];
    assert.deepEqual(await look(absent), { entries: 0, changed: [], unreadable: [] });
    symlinkSync('loop', join(root, 'loop'));
    assert.equal((await look([join(root, 'loop/x')])).entries, 0);
  });

  test('tells what has changed since a moment, to the nanosecond, but no directories', async (context) => {
    const root = folder(context);
    writeFileSync(join(root, 'old'), '');
    symlinkSync('nowhere', join(root, 'old link'));
    await runCommand(['sleep', '0.02']);
    mkdirSync(join(root, 'new directory'));
    writeFileSync(join(root, 'new'), '12345');
    const since = statSync(join(root, 'new'), { bigint: true }).ctimeNs;
    symlinkSync('nowhere', join(root, 'new directory/link'));
    await runCommand(['mkfifo', join(root, 'new directory/pipe')]);
    const { changed } = await look([root], { changedSince: since });
    const byPath = new Map(changed.map((entry) => [entry.path.toString(), entry]));
    assert.deepEqual(
      [...byPath].map(([path, { type }]) => `${path.slice(root.length + 1)}: ${type}`).sort(),
      ['new: file', 'new directory/link: link', 'new directory/pipe: other'].sort(),
    );
    const stat = statSync(join(root, 'new'), { bigint: true });
    assert.deepEqual(byPath.get(join(root, 'new')), {
      path: Buffer.from(join(root, 'new')),
      type: 'file',
      inode: stat.ino,
      size: 5n,
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      device: stat.dev,
      links: 1,
    });
    const later = await look([join(root, 'new')], { recursive: false, changedSince: since + 1n });
    assert.deepEqual(later.changed, []);
    assert.equal(
      (await look([join(root, 'new')], { recursive: false, changedSince: since })).changed.length,
      1,
    );
    // A second name is a change of the inode.
    linkSync(join(root, 'old'), join(root, 'old too'));
    const names = (await look([root], { changedSince: since })).changed.map(({ path }) =>
      String(path),
    );
    assert.ok(names.includes(join(root, 'old')) && names.includes(join(root, 'old too')));
    const linked = (await look([root], { changedSince: 0n, linkedOnly: true })).changed;
    assert.deepEqual(
      linked.map(({ path, links }) => `${String(path).slice(root.length + 1)}: ${links}`).sort(),
      ['old too: 2', 'old: 2'].sort(),
    );
  });

  test('names are bytes', async (context) => {
    const root = folder(context);
    const names = [
      Buffer.from('new\nline'),
      Buffer.of(0xff, 0xfe),
      Buffer.from(' '),
      Buffer.from('\\134'),
    ];
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), '');
    const { changed } = await look([root], { changedSince: 0n });
    assert.deepEqual(
      changed.map(({ path }) => path.subarray(root.length + 1).toString('hex')).sort(),
      names.map((name) => name.toString('hex')).sort(),
    );
  });

  test(
    'a directory that may not be listed, one that may not be searched, and a path below it',
    {
      skip: cannotDropRights,
    },
    async (context) => {
      const root = folder(context);
      for (const name of ['closed', 'listed', 'open']) mkdirSync(join(root, name));
      for (const name of ['closed/1', 'listed/2', 'listed/3', 'open/4'])
        writeFileSync(join(root, name), '');
      chmodSync(join(root, 'closed'), 0);
      chmodSync(join(root, 'listed'), 0o444);
      await asNobody(async () => {
        assert.deepEqual(shown(await look([root])), {
          entries: 5,
          unreadable: ['closed: EACCES', 'listed/2: EACCES', 'listed/3: EACCES'].map((line) =>
            join(root, line),
          ),
        });
        const paths = [join(root, 'closed/1'), join(root, 'closed'), join(root, 'listed/gone')];
        assert.deepEqual(shown(await look(paths, { recursive: false })), {
          entries: 1,
          unreadable: ['closed/1: EACCES', 'listed/gone: EACCES'].map((line) => join(root, line)),
        });
      });
    },
  );

  test(
    'a directory with very many entries that cannot be looked at is told in their place',
    {
      skip: cannotDropRights,
    },
    async (context) => {
      const root = folder(context);
      mkdirSync(join(root, 'many'));
      mkdirSync(join(root, 'few'));
      for (let index = 0; index < 101; index++) writeFileSync(join(root, `many/${index}`), '');
      for (let index = 0; index < 3; index++) mkdirSync(join(root, `few/${index}`));
      for (const name of ['many', 'few']) chmodSync(join(root, name), 0o444);
      const { unreadable } = await asNobody(() => look([root]));
      assert.deepEqual(
        unreadable.map(({ path, errno }) => `${path}: ${errno}`).sort(),
        ['few/0: EACCES', 'few/1: EACCES', 'few/2: EACCES', 'many: EACCES'].map((line) =>
          join(root, line),
        ),
      );
    },
  );

  test('more levels than are kept open, with something beside the way on each', async (context) => {
    const root = folder(context);
    const levels = 600;
    const script = 'cd "$1"; for i in $(seq $2); do mkdir d e; : > e/f; cd d; done';
    await runCommand(['bash', '-c', script, 'bash', root, String(levels)]);
    assert.deepEqual(await look([root]), { entries: 1 + 3 * levels, changed: [], unreadable: [] });
  });

  test('deeper than PATH_MAX: all is looked at; what csync2 cannot reach is told once, by what is above', async (context) => {
    const root = folder(context);
    const name = 'd'.repeat(250);
    const levels = 30;
    const script =
      'cd "$1"; for i in $(seq $3); do mkdir "$2" || exit; : > f; cd -P "$2" || exit; done';
    await runCommand(['bash', '-c', script, 'bash', root, name, String(levels)]);
    const found = await look([root], { changedSince: 0n });
    assert.equal(found.entries, 1 + 2 * levels);
    const deepest = Math.floor((4095 - root.length) / (name.length + 1));
    assert.deepEqual(shown(found).unreadable, [
      `${root}${`/${name}`.repeat(deepest)}: ENAMETOOLONG`,
    ]);
    for (const { path } of found.changed) assert.ok(path.length <= 4095);
    const beyond = `${root}${`/${name}`.repeat(deepest + 2)}`;
    assert.deepEqual(shown(await look([beyond])).unreadable, [`${beyond}: ENAMETOOLONG`]);
  });

  test('the whole of the machine', async () => {
    const { entries, unreadable } = await look(['/proc/self/fdinfo', '/'], { recursive: false });
    assert.ok(entries >= 2);
    assert.deepEqual(unreadable, []);
  });

  test('it can be ended', async (context) => {
    const root = folder(context);
    const controller = new AbortController();
    const why = new Error('enough');
    controller.abort(why);
    await assert.rejects(look([root], { signal: controller.signal }), why);
    const later = new AbortController();
    const going = look(['/usr', '/usr', '/usr', '/usr'], { signal: later.signal });
    later.abort(why);
    await assert.rejects(going, why);
  });

  test('it refuses what are no paths', async () => {
    await assert.rejects(
      survey(['/etc'] as unknown as Buffer[], { recursive: false, changedSince: 0n }),
      TypeError,
    );
    await assert.rejects(survey([], { recursive: false, changedSince: 1n << 64n }), RangeError);
  });
});

/** With the rights of nobody, in all threads of this process. */
async function asNobody<Result>(task: () => Promise<Result>): Promise<Result> {
  process.seteuid?.(65534);
  try {
    return await task();
  } finally {
    process.seteuid?.(0);
  }
}

function look(
  paths: readonly string[],
  {
    recursive = true,
    changedSince = noChanges,
    linkedOnly = false,
    signal,
  }: Partial<Parameters<typeof survey>[1]> = {},
): Promise<Survey> {
  const bytes = paths.map((path) => Buffer.from(path));
  return survey(bytes, { recursive, changedSince, linkedOnly, signal });
}

function shown({ entries, unreadable }: Survey) {
  return { entries, unreadable: unreadable.map(({ path, errno }) => `${path}: ${errno}`).sort() };
}

function folder(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'survey-test-'));
  chmodSync(root, 0o755);
  // Node can't remove what is deeper than PATH_MAX.
  context.after(() => runCommand(['rm', '-rf', root]));
  return root;
}
