import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { MountMemory } from '#src/sync/guard/mount-memory.js';
import type { Mount } from '#src/sync/guard/mount-table.js';
import { type GuardedRoot, RootGuard } from '#src/sync/guard/root-guard.js';

// Directories stand for file systems: one is in its place when it has been moved there and the
// table says so.

describe('mounts that are guarded', () => {
  test('one that is there when it is first seen is on disk before anything passes', (context) => {
    const world = setUp(context);
    world.mount('up');
    const guard = world.guard();
    assert.ok(!existsSync(world.memoryFile));
    guard.look();
    assert.ok(guard.whole);
    assert.deepEqual(MountMemory.open(world.memoryFile).points, [world.path('up')]);
    assert.deepEqual(world.changes, []);
    assert.deepEqual(
      guard.states().map(({ path, state, isMount }) => [String(path), state, isMount]),
      [
        [world.root, 'present', undefined],
        [world.path('up'), 'present', true],
      ],
    );
  });

  test('gone: nothing at or below it, nothing recursive above it, all else passes; told once; back', (context) => {
    const world = setUp(context);
    world.mount('up');
    const guard = world.guard();
    guard.look();
    world.unmount('up');
    guard.look();
    guard.look();
    assert.deepEqual(world.changes, ['up unmounted']);
    const forbids = (name: string, recursive: boolean) =>
      guard.forbids(Buffer.from(world.path(name)), recursive);
    assert.ok(forbids('up', false) && forbids('up/a', false) && forbids('.', true));
    assert.ok(!forbids('.', false) && !forbids('upper', true) && !forbids('other/x', true));
    assert.deepEqual(guard.awayWithin(Buffer.from(world.root)).map(String), [world.path('up')]);
    assert.deepEqual(guard.awayWithin(Buffer.from(world.path('other'))), []);
    world.mount('up');
    guard.look();
    assert.deepEqual(world.changes, ['up unmounted', 'up present']);
    assert.ok(guard.whole);
  });

  test('gone while nobody looked, its mount point and all: the next run misses it', (context) => {
    const world = setUp(context);
    world.mount('up');
    world.guard().look();
    world.unmount('up');
    rmSync(world.path('up'), { recursive: true });
    const next = world.guard();
    next.look();
    assert.deepEqual(world.changes, ['up unmounted']);
    // It has another id then, and may be another device by another name with the same files.
    mkdirSync(world.path('up'));
    world.mount('up', { source: '/dev/other' });
    next.look();
    assert.ok(next.whole);
    world.guard().look();
    assert.deepEqual(world.changes, ['up unmounted', 'up present']);
  });

  test('accepted: it is forgotten, with what was mounted below it, and that for good', (context) => {
    const world = setUp(context);
    for (const name of ['up', 'up/deep', 'other']) world.mount(name);
    const guard = world.guard();
    guard.look();
    for (const name of ['up/deep', 'up', 'other']) world.unmount(name);
    guard.look();
    assert.equal(guard.awayWithin(Buffer.from(world.root)).length, 3);
    world.told.length = 0;
    guard.allow(Buffer.from(world.path('up')));
    assert.deepEqual(
      world.told.map(({ path, state, isAccepted }) => [String(path), state, isAccepted]).sort(),
      [
        [world.path('up'), 'present', true],
        [world.path('up/deep'), 'present', true],
      ],
    );
    assert.ok(!guard.forbids(Buffer.from(world.path('up/deep/x')), true));
    assert.ok(guard.forbids(Buffer.from(world.path('other')), false));
    const next = world.guard();
    next.look();
    assert.deepEqual(next.awayWithin(Buffer.from(world.root)).map(String), [world.path('other')]);
    rmSync(world.path('up'), { recursive: true });
    next.look();
    assert.equal(next.awayWithin(Buffer.from(world.root)).length, 1);
  });

  test('an included directory that is a mount point: a bare one with strays is not it; accepted with one word', (context) => {
    const world = setUp(context, { rootIsMount: true });
    const guard = world.guard();
    guard.look();
    world.unmountRoot();
    writeFileSync(join(world.root, 'stray'), '');
    guard.look();
    assert.deepEqual(world.changes, ['. unmounted']);
    const next = world.guard();
    next.look();
    assert.ok(!next.whole);
    next.allow(Buffer.from(world.root));
    assert.ok(next.whole, JSON.stringify(next.states()));
    // Until csync2 has taken note, over restarts, too.
    const third = world.guard();
    third.look();
    assert.ok(third.whole);
  });

  test('mounted over known files: held, and all is well when it goes', (context) => {
    const world = setUp(context);
    const guard = world.guard();
    guard.look();
    world.mount('up', { isEmpty: true });
    guard.look();
    assert.deepEqual(world.changes, ['up emptied']);
    assert.deepEqual(world.guard().states().length, 1);
    world.unmount('up');
    guard.look();
    assert.deepEqual(world.changes, ['up emptied', 'up present']);
    assert.deepEqual(guard.states().map(String).length, 1);
    assert.ok(
      !existsSync(world.memoryFile) || MountMemory.open(world.memoryFile).points.length === 0,
    );
  });

  test('mounted over known files and accepted: that is what is missed from then on', (context) => {
    const world = setUp(context);
    const guard = world.guard();
    guard.look();
    world.mount('up', { isEmpty: true });
    guard.allow(Buffer.from(world.path('up')));
    assert.ok(guard.whole);
    assert.deepEqual(world.changes, ['up emptied', 'up present']);
    world.unmount('up');
    guard.look();
    assert.ok(guard.forbids(Buffer.from(world.path('up/a')), false));
  });

  test('where csync2 knows nothing, a mount is remembered, and forgotten when it goes', (context) => {
    const world = setUp(context);
    world.known.clear();
    world.mount('up', { isEmpty: true });
    const guard = world.guard();
    guard.look();
    assert.deepEqual(MountMemory.open(world.memoryFile).points, [world.path('up')]);
    world.unmount('up');
    guard.look();
    assert.deepEqual(world.changes, []);
    assert.deepEqual(MountMemory.open(world.memoryFile).points, []);
  });

  test('what is excluded needs no guard', (context) => {
    const world = setUp(context);
    world.excluded.add('up');
    world.mount('up');
    const guard = world.guard();
    guard.look();
    assert.equal(guard.states().length, 1);
    world.unmount('up');
    guard.look();
    assert.ok(guard.whole);
  });

  test('one that is back returns when what has come to it unseen is settled, and not before', (context) => {
    const world = setUp(context);
    world.mount('up');
    const guard = world.guard();
    guard.look();
    const asked: string[] = [];
    world.mayReturn = (path) => {
      asked.push(String(path));
      return false;
    };
    world.unmount('up');
    guard.look();
    assert.deepEqual(asked, [], 'only those that are back are asked for');
    world.mount('up');
    guard.look();
    guard.look();
    assert.deepEqual(asked, [world.path('up'), world.path('up')]);
    assert.ok(guard.forbids(Buffer.from(world.path('up/a')), false));
    world.mayReturn = () => true;
    guard.look();
    assert.deepEqual(world.changes, ['up unmounted', 'up returning', 'up present']);
    // The next run asks for all, since it can't know.
    world.mayReturn = (path) => !String(path).endsWith('/up');
    const next = world.guard();
    next.look();
    assert.deepEqual(next.awayWithin(Buffer.from(world.root)).map(String), [world.path('up')]);
    // Whoever accepts it has no use for the rest.
    world.unmount('up');
    next.look();
    next.allow(Buffer.from(world.path('up')));
    assert.ok(next.whole);
  });

  test('an automounter: a look is made once more before a mount counts as gone', (context) => {
    const world = setUp(context);
    world.mount('up');
    const guard = world.guard();
    guard.look();
    world.unmount('up');
    world.afterNextRead = () => world.mount('up');
    guard.look();
    assert.deepEqual(world.changes, []);
    assert.ok(guard.whole);
  });

  test('when mounts cannot be read, or not be written down, what is known stays in force', (context) => {
    const world = setUp(context);
    world.mount('up');
    const guard = world.guard();
    guard.look();
    world.failing = new Error('no more descriptors');
    world.unmount('up');
    guard.look();
    assert.deepEqual(world.troubles, ['no more descriptors']);
    // Its identity tells, though the table is old.
    assert.ok(guard.forbids(Buffer.from(world.path('up/a')), false));
    world.failing = undefined;
    mkdirSync(`${world.memoryFile}.new`);
    guard.allow(Buffer.from(world.path('up')));
    assert.ok(guard.whole);
    assert.equal(world.troubles.length > 1, true);
  });
});

function setUp(context: TestContext, { rootIsMount = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'guard-mounts-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, 'root');
  const path = (name: string) => (name === '.' ? root : join(root, name));
  const names = ['up', 'upper', 'other', 'up/deep'];
  const table = new Map<string, Mount>();
  const known = new Set<string>();
  for (const name of names) {
    mkdirSync(path(name), { recursive: true });
    for (const file of ['a', 'b', 'c']) {
      writeFileSync(join(path(name), file), '');
      known.add(join(path(name), file));
    }
  }
  let id = 100;
  let current = table as ReadonlyMap<string, Mount>;
  const away = (name: string) => join(folder, `away-${name.replaceAll('/', '-')}`);
  const world = {
    root,
    path,
    known,
    excluded: new Set<string>(),
    memoryFile: join(folder, 'queue.log.mounts'),
    told: [] as GuardedRoot[],
    troubles: [] as string[],
    failing: undefined as Error | undefined,
    afterNextRead: undefined as (() => void) | undefined,
    mayReturn: ((_: Buffer) => true) as (path: Buffer) => boolean,
    get changes() {
      const name = ({ path: at }: GuardedRoot) => String(at).slice(root.length + 1) || '.';
      return world.told.map((each) => `${name(each)} ${each.state}`);
    },
    /** The directory that is there becomes a file system; one that was unmounted comes back. */
    mount(name: string, { source = `/dev/${name}`, isEmpty = false } = {}) {
      if (isEmpty || existsSync(away(name))) {
        renameSync(path(name), `${away(name)}-bare`);
        if (isEmpty) mkdirSync(path(name));
        else renameSync(away(name), path(name));
      }
      table.set(path(name), {
        id: id++,
        point: Buffer.from(path(name)),
        type: 'ext4',
        source,
        root: '/',
      });
      current = new Map(table);
    },
    unmount(name: string) {
      renameSync(path(name), away(name));
      if (existsSync(`${away(name)}-bare`)) renameSync(`${away(name)}-bare`, path(name));
      else mkdirSync(path(name));
      table.delete(path(name));
      current = new Map(table);
    },
    unmountRoot() {
      renameSync(root, `${root}.away`);
      mkdirSync(root);
      table.clear();
      current = new Map();
    },
    guard(): RootGuard {
      const within = (at: Buffer) => [...known].filter((each) => each.startsWith(`${at}/`));
      return new RootGuard(
        [Buffer.from(root)],
        {
          countWithin: (at, limit) => Math.min(limit, within(at).length),
          childrenOf: (at, limit) => {
            const children = within(at).map(
              (each) => each.slice(at.length + 1).split('/')[0] ?? '',
            );
            return [...new Set(children)]
              .slice(0, limit)
              .map((name) => ({ name: Buffer.from(name) }));
          },
        },
        (change) => world.told.push(change),
        {
          read: () => {
            if (world.failing) throw world.failing;
            const read = current;
            world.afterNextRead?.();
            world.afterNextRead = undefined;
            return read;
          },
          memory: MountMemory.open(world.memoryFile),
          concerns: (at) => ![...world.excluded].some((name) => String(at).startsWith(path(name))),
          mayReturn: (at) => world.mayReturn(at),
          onTrouble: (error) => world.troubles.push((error as Error).message),
        },
      );
    },
  };
  if (rootIsMount) world.mount('.');
  return world;
}
