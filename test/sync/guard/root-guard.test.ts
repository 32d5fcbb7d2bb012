import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  type KnownFiles,
  RootGuard,
  type RootState,
  rootStateText,
} from '#src/sync/guard/root-guard.js';

describe('root guard', () => {
  test('a root that is there lets everything pass', (context) => {
    const { guard, root, changes } = setUp(context, ['a', 'b', 'c']);
    guard.look();
    assert.deepEqual(changes, []);
    assert.ok(guard.whole);
    assert.ok(!guard.forbids(Buffer.from(root), true));
  });

  test('missing: nothing at it, below it, or recursively above it; everything else passes', (context) => {
    const { guard, root, folder } = setUp(context, ['a', 'b', 'c']);
    guard.look();
    renameSync(root, `${root}.away`);
    assert.equal(stateOf(guard), 'missing');
    assert.ok(!guard.whole);
    const forbids = (path: string, recursive: boolean) =>
      guard.forbids(Buffer.from(path), recursive);
    assert.ok(forbids(root, false));
    assert.ok(forbids(`${root}/a`, false));
    assert.ok(forbids(folder, true));
    assert.ok(forbids('/', true));
    assert.ok(!forbids(folder, false));
    assert.ok(!forbids(`${root}s`, true));
    renameSync(`${root}.away`, root);
    assert.equal(stateOf(guard), 'present');
    assert.ok(!forbids(`${root}/a`, true));
  });

  test('each change of state is told once', (context) => {
    const { guard, root, changes } = setUp(context, ['a', 'b', 'c']);
    guard.look();
    renameSync(root, `${root}.away`);
    guard.look();
    guard.look();
    assert.deepEqual(changes, ['missing']);
    renameSync(`${root}.away`, root);
    guard.look();
    guard.look();
    assert.deepEqual(changes, ['missing', 'present']);
  });

  test('suddenly empty while files are known: held until somebody allows it', (context) => {
    const { guard, root, known } = setUp(context, ['a', 'b', 'c']);
    guard.look();
    for (const name of ['a', 'b', 'c']) rmSync(join(root, name));
    assert.equal(stateOf(guard), 'emptied');
    guard.allow(Buffer.from(root));
    assert.equal(stateOf(guard), 'present');
    assert.equal(stateOf(guard), 'present', 'still allowed: csync2 has not taken note yet');
    known.length = 0;
    assert.equal(stateOf(guard), 'present');
    known.push('x', 'y', 'z');
    assert.equal(stateOf(guard), 'emptied', 'the word counted once');
  });

  test('empty with one file known: whoever deletes the only file means it', (context) => {
    const { guard, root } = setUp(context, ['a']);
    guard.look();
    rmSync(join(root, 'a'));
    assert.equal(stateOf(guard), 'present');
  });

  test('a new empty root with nothing known is fine', (context) => {
    const { guard } = setUp(context, []);
    assert.equal(stateOf(guard), 'present');
  });

  test('replaced by a directory that lacks most of the known files', (context) => {
    const { guard, root } = setUp(context, ['a', 'b', 'c', 'd']);
    guard.look();
    renameSync(root, `${root}.away`);
    mkdirSync(root);
    writeFileSync(join(root, 'a'), '');
    assert.equal(stateOf(guard), 'replaced');
    assert.equal(stateOf(guard), 'replaced', 'looking again does not make it right');
    guard.allow(Buffer.from(root));
    assert.equal(stateOf(guard), 'present');
  });

  test('replaced by a copy is fine', (context) => {
    const { guard, root } = setUp(context, ['a', 'b', 'c', 'd']);
    guard.look();
    renameSync(root, `${root}.away`);
    mkdirSync(root);
    for (const name of ['a', 'b', 'c', 'new']) writeFileSync(join(root, name), '');
    assert.equal(stateOf(guard), 'present');
  });

  test('an unmounted disk whose mount point holds a stray file, seen at the first look after a start', (context) => {
    const { guard, root } = setUp(context, ['a', 'b', 'c', 'd', 'e', 'f']);
    rmSync(root, { recursive: true });
    mkdirSync(root);
    writeFileSync(join(root, 'lost+found'), '');
    // Nobody has seen the root before: that it is another directory shows only in what it lacks.
    assert.notEqual(stateOf(guard), 'present');
  });

  test('a symlink or a file in its place is no root: csync2 does not follow it', (context) => {
    const { guard, root, folder } = setUp(context, ['a']);
    guard.look();
    renameSync(root, `${root}.away`);
    symlinkSync(`${root}.away`, root);
    assert.equal(stateOf(guard), 'not-a-directory');
    rmSync(root);
    writeFileSync(root, '');
    assert.equal(stateOf(guard), 'not-a-directory');
    rmSync(root);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    // ENOTDIR on the way is no less an absence.
    assert.ok(['missing', 'unreadable'].includes(stateOf(guard)));
  });

  test('names that are no UTF-8 are found on disk', (context) => {
    const folder = temporaryFolder(context);
    const names = [Buffer.from([0xff, 0x41]), Buffer.from([0xe9]), Buffer.from([0xfe])];
    const make = () => {
      mkdirSync(join(folder, 'root'));
      for (const name of names)
        writeFileSync(Buffer.concat([Buffer.from(`${folder}/root/`), name]), '');
    };
    make();
    const guard = new RootGuard([Buffer.from(join(folder, 'root'))], {
      countWithin: (_, limit) => Math.min(limit, 4),
      childrenOf: (_, limit) => names.slice(0, limit).map((name) => ({ name })),
    });
    guard.look();
    renameSync(join(folder, 'root'), join(folder, 'away'));
    make();
    assert.equal(stateOf(guard), 'present');
  });

  test('without knowledge of csync2 only absence is held', (context) => {
    const folder = temporaryFolder(context);
    mkdirSync(join(folder, 'root'));
    const guard = new RootGuard([Buffer.from(join(folder, 'root'))], undefined);
    assert.equal(stateOf(guard), 'present');
    rmSync(join(folder, 'root'), { recursive: true });
    assert.equal(stateOf(guard), 'missing');
  });

  test('one root that is away does not hold another', (context) => {
    const folder = temporaryFolder(context);
    for (const name of ['one', 'two']) mkdirSync(join(folder, name));
    const paths = ['one', 'two'].map((name) => Buffer.from(join(folder, name)));
    const guard = new RootGuard(paths, undefined);
    guard.look();
    rmSync(join(folder, 'one'), { recursive: true });
    guard.look();
    assert.ok(guard.forbids(Buffer.from(join(folder, 'one/x')), false));
    assert.ok(!guard.forbids(Buffer.from(join(folder, 'two/x')), true));
    assert.ok(guard.forbids(Buffer.from(folder), true));
  });

  test('every state has a text', () => {
    for (const text of Object.values(rootStateText)) assert.match(text, /\S/);
  });
});

function setUp(context: TestContext, names: readonly string[]) {
  const folder = join(temporaryFolder(context), 'top');
  const root = join(folder, 'root');
  mkdirSync(root, { recursive: true });
  for (const name of names) writeFileSync(join(root, name), '');
  const known = [...names];
  const files: KnownFiles = {
    countWithin: (_, limit) => Math.min(limit, known.length === 0 ? 0 : known.length + 1),
    childrenOf: (_, limit) => known.slice(0, limit).map((name) => ({ name: Buffer.from(name) })),
  };
  const changes: RootState[] = [];
  const guard = new RootGuard([Buffer.from(root)], files, (change) => changes.push(change.state));
  return { folder, root, known, changes, guard };
}

function stateOf(guard: RootGuard): RootState {
  guard.look();
  return guard.states()[0]?.state as RootState;
}

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'root-guard-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
