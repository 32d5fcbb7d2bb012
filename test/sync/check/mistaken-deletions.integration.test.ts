import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { MistakenDeletions } from '#src/sync/check/mistaken-deletions.js';
import { isWithin } from '#src/text/path-bytes.js';
import { type CsyncNode, makeCluster } from '../../support/csync2-cluster.js';
import { seededRandom } from '../../support/csync2-random.js';

describe('what a check has taken for deleted', () => {
  test('is taken back if it is there again; what is really gone is not', async (context) => {
    const random = seededRandom(context);
    const [a] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
    for (let index = 0; index < 60; index++) {
      const name = Buffer.concat([a.path(`tree/d${index % 5}/`), random.name(40)]);
      a.write(`tree/d${index % 5}/f${index}`, `${index}`);
      writeFileSync(name, '');
    }
    a.write('beside', '');
    a.csync2('-cr', '/');
    execute(a, 'DELETE FROM dirty WHERE rowid % 3 = 0');
    execute(a, "UPDATE dirty SET forced = '1' WHERE rowid % 5 = 0");
    const restored: string[] = [];
    const mistakes = mistakesOf(a, { restored });
    const scope = { files: [a.path('beside')], trees: [a.path('tree')] };
    const tables = tablesOf(a);
    const before = mistakes.before(scope);

    // As a disk that goes for the moment in which csync2 looks.
    renameSync(join(a.root, 'tree'), join(a.root, 'away'));
    rmSync(join(a.root, 'beside'));
    a.csync2('-cr', join(a.root, 'tree'));
    a.csync2('-c', join(a.root, 'beside'));
    assert.ok(tablesOf(a).files.length < 10);
    renameSync(join(a.root, 'away'), join(a.root, 'tree'));
    rmSync(join(a.root, 'tree/d1'), { recursive: true });
    const paths = await mistakes.takeBack(scope, before);

    const gone = (row: string) => row.includes('/beside') || row.includes('/tree/d1');
    const after = tablesOf(a);
    assert.deepEqual(
      after.files,
      tables.files.filter((row) => !gone(row)),
    );
    assert.deepEqual(
      after.dirty.filter((row) => !gone(row)),
      tables.dirty.filter((row) => !gone(row)),
    );
    assert.ok(after.dirty.filter(gone).length > 10, 'the real deletions are pending');
    assert.equal(paths.length, after.files.length - 1);
    assert.equal(restored.length, paths.length);
    // Nothing is left to be found.
    a.csync2('-cr', join(a.root, 'tree'));
    assert.deepEqual(tablesOf(a), after);
  });

  test('is taken back where a place is away, whatever lies there now', async (context) => {
    const [a] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
    for (const name of ['up/1', 'up/deep/2', 'other/3']) a.write(name, name);
    a.csync2('-cIr', '/');
    const away: Buffer[] = [];
    const mistakes = mistakesOf(a, { away });
    const scope = { files: [], trees: [a.path('up'), a.path('other')] };
    const tables = tablesOf(a);
    const before = mistakes.before(scope);
    for (const name of ['up', 'other']) rmSync(join(a.root, name), { recursive: true });
    a.csync2('-cr', join(a.root, 'up'), join(a.root, 'other'));
    away.push(a.path('up'));
    const paths = await mistakes.takeBack(scope, before);
    assert.deepEqual(paths.map((path) => String(path).slice(a.root.length)).sort(), [
      '/up',
      '/up/1',
      '/up/deep',
      '/up/deep/2',
    ]);
    const isOther = (row: string) => row.includes('/other');
    assert.deepEqual(
      tablesOf(a).files,
      tables.files.filter((row) => !isOther(row)),
    );
    assert.ok(tablesOf(a).dirty.every(isOther));
  });

  test('waits for a database that is locked, and gives up in the end', async (context) => {
    const [a] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
    a.write('file', '');
    a.csync2('-cIr', '/');
    const mistakes = mistakesOf(a, {});
    const scope = { files: [a.path('file')], trees: [] };
    const before = mistakes.before(scope);
    rmSync(join(a.root, 'file'));
    a.csync2('-c', join(a.root, 'file'));
    a.write('file', '');
    const lock = new Database(a.databaseFile);
    lock.exec('BEGIN IMMEDIATE');
    const taken = mistakes.takeBack(scope, before);
    setTimeout(() => lock.exec('ROLLBACK'), 300);
    assert.equal((await taken).length, 1);
    lock.close();
    assert.ok(a.ledger.tree.knows(a.path('file')));
  });
});

function mistakesOf(
  node: CsyncNode,
  { away = [], restored = [] }: { away?: readonly Buffer[]; restored?: string[] },
): MistakenDeletions {
  return new MistakenDeletions({
    ledger: node.ledger,
    prefixes: node.prefixes,
    guard: {
      look() {},
      get whole() {
        return away.length === 0;
      },
      forbids: (path) => away.some((place) => isWithin(path, place)),
      awayWithin: () => away,
    },
    onRestored: (paths) => restored.push(...paths.map(String)),
  });
}

function execute(node: CsyncNode, sql: string): void {
  const database = new Database(node.databaseFile, { timeout: 5000 });
  database.exec(sql);
  database.close();
}

/** The rows of csync2's tables, a text each. */
function tablesOf(node: CsyncNode): { files: string[]; dirty: string[] } {
  const database = new Database(node.databaseFile, { timeout: 5000, readonly: true });
  const rows = (sql: string) =>
    (database.prepare(sql).raw().all() as unknown[][])
      .map((row) =>
        row
          .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
          .join('|'),
      )
      .sort();
  const tables = {
    files: rows('SELECT CAST(filename AS BLOB), CAST(checktxt AS BLOB) FROM file'),
    dirty: rows(
      'SELECT CAST(filename AS BLOB), forced, CAST(myname AS BLOB), CAST(peername AS BLOB) FROM dirty',
    ),
  };
  database.close();
  return tables;
}
