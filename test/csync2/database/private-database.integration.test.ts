import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import type { PendingRow } from '#src/csync2/database/pending-table.js';
import {
  completeSlice,
  mergePush,
  PrivateDatabase,
  type PushOutcome,
} from '#src/csync2/database/private-database.js';
import { decodeName } from '#src/csync2/files/name-encoding.js';
import { type CsyncNode, makeCluster } from '../../support/csync2-cluster.js';

const nothingChecked = () => false;

describe('push by a private database', () => {
  test('what arrived is no longer pending, and nothing of the other peer', async (context) => {
    const [a, b, c] = (await makeCluster(context, { nodes: 3 })) as [
      CsyncNode,
      CsyncNode,
      CsyncNode,
    ];
    await b.startServer();
    a.write('one', '1');
    a.write('dir/two', '2');
    a.csync2('-cr', '/');
    const pendingForC = a.pendingFor(c);
    const { copy, outcome } = push(a, b, a.ledger.pending.rows(b.name, 100));
    assert.equal(outcome.left.length, 0);
    assert.equal(outcome.sent.length, copy.size);
    assert.deepEqual([b.read('one'), b.read('dir/two')], ['1', '2']);
    assert.notDeepEqual(a.pendingFor(b), [], 'not yet merged');
    mergePush(a.ledger, b.name, outcome, nothingChecked);
    assert.deepEqual(a.pendingFor(b), []);
    assert.deepEqual(a.pendingFor(c), pendingForC);
  });

  test('a slice: the rest stays pending', async (context) => {
    const [a, b] = await pair(context);
    for (let index = 0; index < 20; index++) a.write(`f${index}`, String(index));
    a.csync2('-cr', '/');
    const rows = a.ledger.pending.rows(b.name, 7);
    const { outcome } = push(a, b, rows);
    mergePush(a.ledger, b.name, outcome, nothingChecked);
    assert.equal(a.ledger.pending.count(b.name), 13);
    assert.equal(outcome.sent.length, 7);
  });

  test('peer down: all is left, the merge takes nothing', async (context) => {
    const [a, b] = await pair(context);
    a.write('one', '1');
    a.csync2('-cr', '/');
    await b.stopServer();
    const before = a.pendingFor(b);
    const { outcome } = push(a, b, a.ledger.pending.rows(b.name, 100));
    assert.deepEqual([outcome.sent.length, outcome.left.length], [0, before.length]);
    mergePush(a.ledger, b.name, outcome, nothingChecked);
    assert.deepEqual(a.pendingFor(b), before);
  });

  test('a row that was marked again meanwhile stays, also when SQLite gives its number out again', async (context) => {
    const [a, b] = await pair(context);
    const path = a.write('file', 'old');
    a.csync2('-c', String(path));
    const before = a.ledger.pending.rows(b.name, 100);
    const { outcome } = push(a, b, before);
    a.write('file', 'newer');
    a.csync2('-c', String(path));
    const [after] = a.ledger.pending.rows(b.name, 1);
    assert.equal(
      after?.rowid,
      before[0]?.rowid,
      'the number is reused: this is the case to be tested',
    );
    mergePush(a.ledger, b.name, outcome, (encoded) => encoded.equals(after?.encoded as Buffer));
    assert.deepEqual(a.pendingFor(b), ['/file']);
    mergeAll(a, b);
    assert.equal(b.read('file'), 'newer');
  });

  test('a row that somebody else marked again stays too: csync2 by hand, or our server when it finds a change', async (context) => {
    const [a, b] = await pair(context);
    const path = a.write('file', 'old');
    a.csync2('-c', String(path));
    const { outcome } = push(a, b, a.ledger.pending.rows(b.name, 100));
    a.write('file', 'newer');
    // Not through our checker: no journal knows of it, and the row gets the same number again.
    a.csync2('-c', String(path));
    mergePush(a.ledger, b.name, outcome, nothingChecked);
    assert.deepEqual(
      a.pendingFor(b),
      ['/file'],
      'the mark is gone and csync2 has noted the new state: never sent',
    );
  });

  test('a file that a peer sent us during its push is pending again: which of the two the peer has, nobody knows', async (context) => {
    const [a, b] = await pair(context);
    const path = a.write('file', 'ours');
    a.csync2('-c', String(path));
    const { outcome } = push(a, b, a.ledger.pending.rows(b.name, 100));
    // What a session of our server does when the peer wins: it writes the file, notes it, and takes
    // our mark off.
    a.write('file', 'theirs');
    a.csync2('-cI', String(path));
    const main = new Database(a.databaseFile, { timeout: 5000 });
    main.exec('DELETE FROM dirty');
    main.close();
    mergePush(a.ledger, b.name, outcome, nothingChecked);
    assert.deepEqual(a.pendingFor(b), ['/file']);
    mergeAll(a, b);
    assert.equal(b.read('file'), 'theirs');
    assert.deepEqual(a.pendingFor(b), []);
  });

  test('a row with another number stays without any help', async (context) => {
    const [a, b] = await pair(context);
    for (const name of ['file', 'later']) {
      a.write(name, 'old');
      a.csync2('-c', String(a.path(name)));
    }
    const { outcome } = push(a, b, a.ledger.pending.rows(b.name, 100));
    a.write('file', 'newer');
    a.csync2('-c', String(a.path('file')));
    mergePush(a.ledger, b.name, outcome, nothingChecked);
    assert.deepEqual(a.pendingFor(b), ['/file']);
  });

  test('a directory that the peer lacks comes with everything below it', async (context) => {
    const [a, b] = await pair(context);
    for (const name of ['dir/sub/a', 'dir/sub/b', 'dir/c', 'dir!/x', 'dirt/y']) a.write(name, name);
    // Known and not pending: as if the peer had had them once.
    a.csync2('-cIr', '/');
    a.write('dir/sub/new', 'new');
    a.csync2('-c', String(a.path('dir/sub/new')));
    const { outcome } = push(a, b, a.ledger.pending.rows(b.name, 100));
    assert.ok(outcome.missingOnPeer.length > 0);
    mergePush(a.ledger, b.name, outcome, nothingChecked);
    mergeAll(a, b);
    for (const name of ['dir/sub/a', 'dir/sub/b', 'dir/sub/new'])
      assert.notEqual(b.read(name), undefined, name);
    assert.equal(b.read('dirt/y'), undefined, 'a sibling is none of its business');
    assert.deepEqual(a.pendingFor(b), []);
  });

  test('two levels missing on the peer, nothing above them pending', async (context) => {
    const [a, b] = await pair(context);
    for (const name of ['p/q/r/s/1', 'p/q/2', 'p/3']) a.write(name, name);
    a.csync2('-cIr', '/');
    a.write('p/q/r/s/4', 'p/q/r/s/4');
    a.csync2('-c', String(a.path('p/q/r/s/4')));
    for (let run = 0; run < 8 && a.pendingFor(b).length > 0; run++) mergeAll(a, b);
    assert.deepEqual(a.pendingFor(b), []);
    for (const name of ['p/q/r/s/1', 'p/q/r/s/4', 'p/q/2', 'p/3']) assert.equal(b.read(name), name);
  });

  test('the database is locked: the merge says so at once, changes nothing, and works later', async (context) => {
    const [a, b] = await pair(context);
    a.write('one', '1');
    a.csync2('-cr', '/');
    const { outcome } = push(a, b, a.ledger.pending.rows(b.name, 100));
    const before = a.pendingFor(b);
    const other = new Database(a.databaseFile);
    other.exec('BEGIN IMMEDIATE');
    try {
      assert.throws(
        () => mergePush(a.ledger, b.name, outcome, nothingChecked),
        (error: { code?: string }) => error.code?.startsWith('SQLITE_BUSY') ?? false,
      );
    } finally {
      other.exec('COMMIT');
      other.close();
    }
    assert.deepEqual(a.pendingFor(b), before);
    mergePush(a.ledger, b.name, outcome, nothingChecked);
    assert.deepEqual(a.pendingFor(b), []);
  });

  test('certificates: those of the database go along, new ones come back, one that was deleted meanwhile stays deleted', async (context) => {
    const [a, b] = await pair(context);
    a.write('one', '1');
    a.csync2('-cr', '/');
    const main = new Database(a.databaseFile);
    context.after(() => main.close());
    const certificates = () =>
      main.prepare('SELECT peername, certdata FROM x509_cert ORDER BY peername').all();
    main.exec("INSERT INTO x509_cert VALUES ('old', 'aa'), ('rotated', 'bb')");
    const copy = build(a, b, a.ledger.pending.rows(b.name, 100));
    const within = new Database(copy.file);
    assert.equal(within.prepare('SELECT count(*) FROM x509_cert').pluck().get(), 2);
    within.exec("INSERT INTO x509_cert VALUES ('new', 'cc')");
    within.close();
    main.exec("DELETE FROM x509_cert WHERE peername = 'rotated'");
    mergePush(a.ledger, b.name, copy.outcome(), nothingChecked);
    assert.deepEqual(certificates(), [
      { peername: 'new', certdata: 'cc' },
      { peername: 'old', certdata: 'aa' },
    ]);
  });

  test('forced rows stay forced', async (context) => {
    const [a, b] = await pair(context);
    a.write('one', 'mine');
    a.csync2('-cr', '/');
    b.write('one', 'theirs, and longer');
    b.csync2('-cr', '/');
    assert.equal(
      mergeAll(a, b).sent.some((row) => row.encoded.toString().endsWith('/one')),
      false,
    );
    a.csync2('-f', String(a.path('one')));
    mergeAll(a, b);
    assert.deepEqual(a.pendingFor(b), []);
    assert.equal(b.read('one'), 'mine');
  });

  test('leftovers of a killed push do not get in the way of the next one', async (context) => {
    const [a, b] = await pair(context);
    a.write('one', '1');
    a.csync2('-cr', '/');
    const file = privateFile(a, b);
    mkdirSync(dirname(file), { recursive: true });
    for (const leftover of [file, `${file}-journal`]) writeFileSync(leftover, 'garbage');
    mergeAll(a, b);
    assert.deepEqual(a.pendingFor(b), []);
    assert.equal(b.read('one'), '1');
  });

  test('what a push had come to is known to the next run if nobody has merged it', async (context) => {
    const [a, b] = await pair(context);
    a.write('accepted', '1');
    a.write('conflict', 'here');
    b.write('conflict', 'there');
    for (const node of [a, b]) node.csync2('-cr', '/');
    const begun = Date.now();
    push(a, b, a.ledger.pending.rows(b.name, 100));
    const interrupted = PrivateDatabase.recall(privateFile(a, b));
    const names = interrupted?.accepted.map((name) => decodeName(name).toString()) ?? [];
    assert.ok(
      names.includes('%data%/accepted') && !names.includes('%data%/conflict'),
      String(names),
    );
    assert.ok(interrupted && interrupted.began >= begun && interrupted.ended >= interrupted.began);
    writeFileSync(privateFile(a, b), 'garbage');
    assert.equal(PrivateDatabase.recall(privateFile(a, b)), undefined);
    rmSync(privateFile(a, b));
    assert.equal(PrivateDatabase.recall(privateFile(a, b)), undefined);
  });

  test('names of every kind arrive', async (context) => {
    const [a, b] = await pair(context);
    const names: string[] = [];
    for (let byte = 1; byte < 256; byte++)
      if (byte !== 0x2f) names.push(`n${Buffer.of(byte).toString('latin1')}x`);
    mkdirSync(join(a.root, 'd %$:|'));
    const inside = (node: CsyncNode, name: string) =>
      Buffer.concat([node.path('d %$:|'), Buffer.from('/'), Buffer.from(name, 'latin1')]);
    for (const name of names) writeFileSync(inside(a, name), name);
    a.csync2('-cr', '/');
    const outcome = mergeAll(a, b);
    assert.equal(outcome.left.length, 0);
    assert.deepEqual(a.pendingFor(b), []);
    b.csync2('-cIr', '/');
    for (const name of names) assert.ok(b.ledger.tree.knows(inside(b, name)), JSON.stringify(name));
  });
});

describe('a slice that can be carried out', () => {
  test('dirty parents come along', async (context) => {
    const [a, b] = await pair(context);
    a.write('x/y/z/file', '');
    a.csync2('-cr', '/');
    const rows = a.ledger.pending
      .rows(b.name, 100)
      .filter((row) => String(row.encoded).endsWith('/file'));
    const slice = completeSlice(a.ledger, b.name, rows, 100, () => 'directory').map((row) =>
      String(row.encoded),
    );
    for (const name of ['/x', '/x/y', '/x/y/z', '/x/y/z/file'])
      assert.ok(slice.includes(`%25data%25${name}`), name);
    assert.equal(new Set(slice).size, slice.length);
  });

  test('of a file in more new directories than fit, the outer ones come first', async (context) => {
    const [a, b] = await pair(context);
    const chain = Array.from({ length: 120 }, () => 'd');
    a.write(`${chain.join('/')}/file`, '');
    a.csync2('-cr', '/');
    for (let pushes = 0; a.pendingFor(b).length > 0; pushes++) {
      assert.ok(pushes < 5);
      const rows = a.ledger.pending.rows(b.name, 50);
      const slice = completeSlice(a.ledger, b.name, rows, 50, (name) =>
        String(name).endsWith('file') ? 'other' : 'directory',
      );
      assert.ok(slice.length <= 50);
      const { outcome } = push(a, b, slice);
      mergePush(a.ledger, b.name, outcome, nothingChecked);
    }
    assert.equal(b.read(`${chain.join('/')}/file`), '');
  });

  test('a vanished directory waits until all that is pending below it is in the slice', async (context) => {
    const [a, b] = await pair(context);
    for (const name of ['x/1', 'x/y/2', 'x!/3']) a.write(name, '');
    a.csync2('-cr', '/');
    mergeAll(a, b);
    for (const name of ['x', 'x!']) rmSync(join(a.root, name), { recursive: true });
    a.csync2('-cr', '/');
    const all = a.ledger.pending.rows(b.name, 100);
    const names = (rows: readonly PendingRow[]) =>
      rows.map((row) => String(row.encoded).replace('%25data%25', '')).sort();
    const gone = () => 'gone' as const;
    assert.deepEqual(names(completeSlice(a.ledger, b.name, all, 100, gone)), names(all));
    const without = all.filter((row) => !String(row.encoded).endsWith('/2'));
    assert.deepEqual(names(completeSlice(a.ledger, b.name, without, 100, gone)), [
      '/x!',
      '/x!/3',
      '/x/1',
    ]);
    push(a, b, completeSlice(a.ledger, b.name, without, 100, gone));
    mergeAll(a, b);
    assert.deepEqual([b.read('x/1'), b.read('x!/3')], [undefined, undefined]);
  });
});

async function pair(context: Parameters<typeof makeCluster>[0]): Promise<[CsyncNode, CsyncNode]> {
  const [a, b] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
  await b.startServer();
  return [a, b];
}

function privateFile(from: CsyncNode, to: CsyncNode): string {
  return join(from.systemDirectory, `private-${to.name}`, `${from.name}.db3`);
}

function build(from: CsyncNode, to: CsyncNode, rows: readonly PendingRow[]): PrivateDatabase {
  return PrivateDatabase.build(from.ledger, privateFile(from, to), to.name, rows);
}

/**
 * Pushes rows by a private database, with the real csync2. Whether csync2 reports errors is left to
 * the outcome.
 */
function push(from: CsyncNode, to: CsyncNode, rows: readonly PendingRow[]) {
  const copy = build(from, to, rows);
  try {
    from.csync2('-D', dirname(copy.file), '-u', '-P', to.name);
  } catch {
    // What is left is in the outcome.
  }
  return { copy, outcome: copy.outcome() };
}

/** One push of all that is pending, merged. */
function mergeAll(from: CsyncNode, to: CsyncNode): PushOutcome {
  const { outcome } = push(from, to, from.ledger.pending.rows(to.name, 10_000));
  mergePush(from.ledger, to.name, outcome, nothingChecked);
  return outcome;
}
