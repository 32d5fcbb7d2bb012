import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HardLinks } from '#src/sync/check/hard-links.js';
import { survey } from '#src/sync/common/survey.js';

test('all names of a changed file are told of, once for each change, and looked for once', async (context) => {
  const { changed, links, searches, told, tree } = setting(context);
  write(tree, 'a', 'b', 'c/d');
  changed('a');
  await links.rest();
  assert.deepEqual(told(), ['b', 'c/d']);
  // They come as changed themselves.
  changed('b');
  changed('c/d');
  assert.deepEqual(told(), []);
  writeFileSync(join(tree, 'b'), 'written again');
  changed('b');
  assert.deepEqual(told(), ['a', 'c/d']);
  assert.equal(searches(), 1);
  await links.stop();
});

test('a name that has come since is known when it has been seen; one that is gone, or is another file now, is not told of', async (context) => {
  const { changed, links, seen, told, tree } = setting(context);
  write(tree, 'a', 'b', 'c', 'd');
  changed('a');
  await links.rest();
  told();
  linkSync(join(tree, 'a'), join(tree, 'e'));
  seen('e');
  rmSync(join(tree, 'b'));
  rmSync(join(tree, 'c'));
  writeFileSync(join(tree, 'c'), 'another');
  renameSync(join(tree, 'd'), join(tree, 'f'));
  seen('f');
  writeFileSync(join(tree, 'e'), 'new');
  changed('e');
  assert.deepEqual(told(), ['a', 'f']);
  await links.stop();
});

test('what is not synchronised is not told of, and a file with one name is not looked for', async (context) => {
  const { changed, links, searches, told, tree } = setting(context);
  writeFileSync(join(tree, 'alone'), '');
  changed('alone');
  assert.equal(searches(), 0);
  write(tree, 'a', 'b', 'excluded');
  changed('b');
  await links.rest();
  assert.deepEqual(told(), ['a']);
  await links.stop();
});

test('no more names are kept than its limit; what does not fit is left to the full check', async (context) => {
  const { changed, links, told, tree } = setting(context, 3);
  write(tree, 'a', 'b', 'c', 'd', 'e', 'f');
  changed('a');
  await links.rest();
  assert.equal(told().length, 2);
  await links.stop();
});

test('a search that is stopped tells of nothing and no error', async (context) => {
  const { changed, links, told, tree } = setting(context);
  write(tree, 'a', 'b');
  changed('a');
  await links.stop();
  assert.deepEqual(told(), []);
});

function setting(context: TestContext, limit?: number) {
  const tree = mkdtempSync(join(tmpdir(), 'links-test-'));
  context.after(() => rmSync(tree, { recursive: true }));
  const paths: string[] = [];
  let count = 0;
  const links = new HardLinks({
    roots: [Buffer.from(tree)],
    survey(roots, how) {
      count++;
      return survey(roots, how);
    },
    concerns: (path) => !path.includes('excluded'),
    recheck: (path) => paths.push(path.toString().slice(tree.length + 1)),
    onError: (error) => assert.fail(error as Error),
    ...(limit ? { limit } : {}),
  });
  const fileAt = (name: string) => {
    const {
      dev: device,
      ino: inode,
      nlink,
      ctimeNs,
    } = statSync(join(tree, name), { bigint: true });
    return { path: Buffer.from(join(tree, name)), device, inode, ctimeNs, links: Number(nlink) };
  };
  return {
    tree,
    links,
    seen: (name: string) => links.seen(fileAt(name)),
    changed: (name: string) => links.changed(fileAt(name)),
    told: () => paths.splice(0).sort(),
    searches: () => count,
  };
}

/** The file under the first name, and further names of it. */
function write(tree: string, first: string, ...others: readonly string[]): void {
  writeFileSync(join(tree, first), 'content');
  for (const other of others) {
    mkdirSync(join(tree, other, '..'), { recursive: true });
    linkSync(join(tree, first), join(tree, other));
  }
}
