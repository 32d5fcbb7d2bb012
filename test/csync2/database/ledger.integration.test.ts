import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { LedgerError } from '#src/csync2/database/connection.js';
import { checkTextOf, type NotedFile } from '#src/csync2/files/check-text.js';
import { decodeName, encodeName } from '#src/csync2/files/name-encoding.js';
import { type CsyncNode, makeCluster } from '../../support/csync2-cluster.js';
import { seededRandom } from '../../support/csync2-random.js';

describe('names, against the real csync2', () => {
  for (const prefix of [true, false]) {
    test(`every byte in a name is kept as we encode it (${prefix ? 'with' : 'without'} prefix)`, async (context) => {
      const random = seededRandom(context);
      const [node] = (await makeCluster(context, { nodes: 1, prefix })) as [CsyncNode];
      const names = new Set<string>();
      for (let byte = 1; byte < 256; byte++) {
        if (byte === 0x2f) continue;
        const one = Buffer.of(byte).toString('latin1');
        names.add(`a${one}`);
        names.add(`${one}b`);
        names.add(`${one}${one}c`);
      }
      for (let count = 0; count < 200; count++) names.add(`r${random.name(30).toString('latin1')}`);
      names.add('%20').add('%data%').add('%').add('%%').add('a'.repeat(255));
      for (const name of names) writeFileSync(inRoot(node, name), '');
      node.csync2('-cr', '/');
      const base = prefix ? Buffer.from('%data%') : Buffer.from(node.root);
      const expected = new Set(
        [...names].map((name) => encodeName(child(base, name)).toString('latin1')),
      );
      expected.add(encodeName(base).toString('latin1'));
      assert.deepEqual(fileRows(node), expected);
      for (const row of fileRows(node)) {
        assert.equal(encodeName(decodeName(Buffer.from(row, 'latin1'))).toString('latin1'), row);
      }
      for (const name of names)
        assert.ok(node.ledger.tree.knows(inRoot(node, name)), JSON.stringify(name));
      const children = node.ledger.tree
        .childrenOf(Buffer.from(node.root), 10_000)
        .map((found) => found.name.toString('latin1'));
      assert.deepEqual(new Set(children), names);
      assert.equal(children.length, names.size, 'each child once');
    });
  }
});

describe('ledger', () => {
  test('knows what csync2 has seen, and tells type, size and time', async (context) => {
    const [node] = (await makeCluster(context)) as [CsyncNode];
    const file = node.write('dir/file', '12345');
    symlinkSync('nowhere', join(node.root, 'link'));
    execFileSync('mkfifo', [join(node.root, 'fifo')]);
    assert.equal(node.ledger.notes.of(file), undefined);
    node.csync2('-cr', '/');
    const { type, size, mtimeSeconds, text } = node.ledger.notes.of(file) as NotedFile;
    assert.deepEqual(
      { type, size, mtimeSeconds },
      { type: 'reg', size: 5n, mtimeSeconds: BigInt(Math.floor(lstatSync(file).mtimeMs / 1000)) },
    );
    for (const name of ['dir/file', 'dir', 'fifo']) {
      const path = node.path(name);
      assert.equal(
        checkTextOf(lstatSync(path, { bigint: true })),
        node.ledger.notes.of(path)?.text,
        name,
      );
    }
    assert.match(text, /^v1%3A/);
    assert.equal(node.ledger.notes.of(node.path('dir'))?.type, 'dir');
    assert.equal(node.ledger.notes.of(node.path('dir'))?.size, undefined);
    assert.equal(node.ledger.notes.of(node.path('link'))?.type, 'lnk');
    assert.equal(node.ledger.notes.of(node.path('fifo'))?.type, 'fifo');
    assert.ok(node.ledger.tree.knows(Buffer.from(node.root)));
    assert.ok(!node.ledger.tree.knows(node.path('dir/other')));
    assert.ok(!node.ledger.tree.knows(node.path('..')));
  });

  test('parts that the configuration ignores are undefined', async (context) => {
    const [node] = (await makeCluster(context, { settings: 'ignore uid gid mod;' })) as [CsyncNode];
    const file = node.write('file', '12345');
    node.csync2('-cr', '/');
    assert.equal(node.ledger.notes.of(file)?.size, 5n);
  });

  test('counts at and below a path, never a sibling that begins alike, up to the limit', async (context) => {
    const [node] = (await makeCluster(context)) as [CsyncNode];
    for (const name of ['a/1', 'a/2', 'a/b/3', 'a0', 'a!/x', 'a b/x', 'a/%', 'ab/x'])
      node.write(name, '');
    node.csync2('-cr', '/');
    const count = (name: string, limit = 100) =>
      node.ledger.tree.countWithin(node.path(name), limit);
    assert.equal(count('a'), 6);
    assert.equal(count('a/b'), 2);
    assert.equal(count('a0'), 1);
    assert.equal(count('a b'), 2);
    assert.equal(count('nothing'), 0);
    assert.equal(count('a', 3), 3);
    assert.equal(count('a', 6), 6);
    assert.equal(count('', 100), 14);
  });

  test('counts what a prefix names also from a directory above its path', async (context) => {
    const [node] = (await makeCluster(context)) as [CsyncNode];
    for (let index = 0; index < 10; index++) node.write(String(index), '');
    node.csync2('-cr', '/');
    assert.equal(node.ledger.tree.countWithin(Buffer.from('/'), 5), 5);
    assert.equal(node.ledger.tree.countWithin(Buffer.from(dirname(node.root)), 5), 5);
  });

  test('counts no further than the limit also where a path has two names', async (context) => {
    const [node] = (await makeCluster(context)) as [CsyncNode];
    for (let index = 0; index < 10; index++) node.write(`d/${index}`, '');
    node.csync2('-cr', '/');
    insertReal(node, ['d', ...Array.from({ length: 10 }, (_, index) => `d/${index}`)]);
    assert.ok(node.ledger.tree.countWithin(node.path('d'), 5) <= 5);
  });

  test('children: each once, those with much below them and those that are gone from disk too', async (context) => {
    const [node] = (await makeCluster(context)) as [CsyncNode];
    const names = ['a', 'a!', 'a-b', 'a.b', 'a0', 'a b', '%', '\x01', 'dir', 'dir.d', 'dir0', '~'];
    for (const name of names) {
      if (name.startsWith('dir'))
        for (let index = 0; index < 20; index++) node.write(`${name}/${index}/x`, '');
      else node.write(name, '');
    }
    node.csync2('-cr', '/');
    rmSync(join(node.root, 'dir'), { recursive: true });
    const children = node.ledger.tree
      .childrenOf(Buffer.from(node.root), 100)
      .map(({ name }) => String(name));
    assert.deepEqual(children.sort(), names.sort());
    assert.equal(node.ledger.tree.childrenOf(Buffer.from(node.root), 5).length, 5);
    assert.deepEqual(
      node.ledger.tree.childrenOf(node.path('dir/3'), 5).map(({ name }) => String(name)),
      ['x'],
    );
    assert.deepEqual(node.ledger.tree.childrenOf(node.path('dir/3/x'), 5), []);
    assert.deepEqual(
      node.ledger.tree.childrenOf(Buffer.from('/'), 5).map(({ name }) => String(name)),
      [],
    );
  });

  test('children whose directories have no row of their own', async (context) => {
    const [node] = (await makeCluster(context, { nodes: 1, prefix: false })) as [CsyncNode];
    node.write('x', '');
    node.csync2('-cr', '/');
    const [first] = node.root.split('/').filter(Boolean);
    assert.deepEqual(
      node.ledger.tree.childrenOf(Buffer.from('/'), 5).map(({ name }) => String(name)),
      [first],
    );
  });

  test('pending rows: newest first, deepest first, filtered before they are counted, peers apart', async (context) => {
    const [node, other, third] = (await makeCluster(context, { nodes: 3 })) as [
      CsyncNode,
      CsyncNode,
      CsyncNode,
    ];
    for (const name of ['c', 'a/x/y', 'b']) {
      node.write(name, '');
      node.csync2('-cr', '/');
    }
    const shown = (rows: { encoded: Buffer }[]) =>
      rows.map((row) => row.encoded.toString().replace('%25data%25', ''));
    const newest = shown(node.ledger.pending.rows(other.name, 100));
    // A directory's time changes with what is in it, but csync2 compares none: the root is marked
    // once, at first.
    assert.equal(newest[0], '/b');
    assert.deepEqual(new Set(newest), new Set(['/b', '/a/x/y', '/a/x', '/a', '/c']));
    assert.equal(node.ledger.pending.count(other.name), newest.length);
    assert.equal(node.ledger.pending.count(third.name), newest.length);
    assert.equal(node.ledger.pending.count('127.0.0.9'), 0);
    const deepest = shown(node.ledger.pending.rows(other.name, 100, 'deepest'));
    assert.ok(deepest.indexOf('/a/x/y') < deepest.indexOf('/a/x'));
    assert.ok(deepest.indexOf('/a/x') < deepest.indexOf('/a'));
    const filtered = node.ledger.pending.rows(
      other.name,
      2,
      'newest',
      (row) => !String(row.encoded).endsWith('/b'),
    );
    assert.equal(filtered.length, 2);
    assert.ok(!shown(filtered).includes('/b'));
    const [row] = node.ledger.pending.rows(other.name, 1);
    assert.deepEqual([String(row?.myName), row?.forced], [node.name, 0]);
    node.csync2('-f', join(node.root, 'b'));
    assert.equal(node.ledger.pending.rows(other.name, 1)[0]?.forced, 1);
  });

  test('a database that is replaced is reopened; one that is gone is an error that says so', async (context) => {
    const [node] = (await makeCluster(context)) as [CsyncNode];
    const file = node.write('file', '1');
    node.csync2('-cr', '/');
    assert.ok(node.ledger.tree.knows(file));
    const saved = `${node.databaseFile}.saved`;
    copyFileSync(node.databaseFile, saved);
    rmSync(node.databaseFile);
    assert.throws(() => node.ledger.tree.knows(file), LedgerError);
    node.write('other', '1');
    rmSync(file);
    node.csync2('-cIr', '/');
    assert.ok(!node.ledger.tree.knows(file));
    assert.ok(node.ledger.tree.knows(node.path('other')));
    renameSync(saved, node.databaseFile);
    assert.ok(node.ledger.tree.knows(file));
    assert.ok(!node.ledger.tree.knows(node.path('other')));
  });

  test('what is no database is an error for people', async (context) => {
    const [node] = (await makeCluster(context)) as [CsyncNode];
    node.ledger.close();
    rmSync(node.databaseFile);
    writeFileSync(
      node.databaseFile,
      'this is no database, but it is long enough to be taken for one'.repeat(50),
    );
    assert.throws(() => node.ledger.tree.knows(Buffer.from('/x')), LedgerError);
    rmSync(node.databaseFile);
    mkdirSync(node.databaseFile);
    assert.throws(() => node.ledger.tree.knows(Buffer.from('/x')), LedgerError);
  });

  test('reads while somebody writes, and a write that finds it locked throws at once', async (context) => {
    const [node] = (await makeCluster(context)) as [CsyncNode];
    const file = node.write('file', '1');
    node.csync2('-cr', '/');
    const writer = new Database(node.databaseFile);
    context.after(() => writer.close());
    writer.exec("BEGIN IMMEDIATE; DELETE FROM file WHERE filename LIKE '%/file'");
    assert.ok(node.ledger.tree.knows(file), 'not yet committed');
    const begun = performance.now();
    assert.throws(
      () => node.ledger.withoutWaiting(() => node.ledger.database.exec('DELETE FROM dirty')),
      (error: { code?: string }) => error.code?.startsWith('SQLITE_BUSY') ?? false,
    );
    assert.ok(performance.now() - begun < 1000, 'it waited');
    writer.exec('COMMIT');
    assert.ok(!node.ledger.tree.knows(file));
  });
});

function inRoot(node: CsyncNode, name: string): Buffer {
  return child(Buffer.from(node.root), name);
}

function child(directory: Buffer, name: string): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), Buffer.from(name, 'latin1')]);
}

function fileRows(node: CsyncNode): Set<string> {
  const database = new Database(node.databaseFile, { readonly: true });
  const rows = database.prepare('SELECT CAST(filename AS BLOB) AS name FROM file').all() as {
    name: Buffer;
  }[];
  database.close();
  return new Set(rows.map((row) => row.name.toString('latin1')));
}

/** Rows as a group without prefix would have made them. */
function insertReal(node: CsyncNode, names: readonly string[]): void {
  const database = new Database(node.databaseFile);
  const insert = database.prepare("INSERT INTO file VALUES (CAST(? AS TEXT), 'v1%3Atype=dir')");
  for (const name of names) insert.run(encodeName(node.path(name)));
  database.close();
}
