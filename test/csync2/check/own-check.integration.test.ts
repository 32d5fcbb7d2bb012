/** Our check on databases and configurations that it has to leave to csync2, or to wait for. */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { CurrentRules } from '#src/csync2/check/current-rules.js';
import { OwnCheck } from '#src/csync2/check/own-check.js';
import { hasKnownChecks } from '#src/csync2/run/flavour.js';
import type { Instance } from '#src/csync2/run/instance.js';
import { Runner } from '#src/csync2/run/runner.js';
import { makeCluster } from '../../support/csync2-cluster.js';

async function setUp(context: TestContext, rules = '') {
  const [node] = await makeCluster(context, { rules });
  assert.ok(node);
  const own = (instance: Instance = node.instance) =>
    new OwnCheck({ ledger: node.ledger, rules: new CurrentRules(instance) });
  const check = own();
  const run = async (mode: '-c' | '-m', ...paths: Buffer[]) => {
    const { done, left, marked } = await check.run(mode, paths);
    return [
      done,
      ...left.map(({ reason }) => reason),
      ...marked.map((path) => path.toString().slice(node.root.length)),
    ];
  };
  const pending = () =>
    node.ledger.pending.rows('127.0.0.3', 100).map(({ encoded }) => encoded.toString('latin1'));
  return { node, own, run, pending };
}

test('this csync2 is a known one; a program that says something else is not', async (context) => {
  const { node } = await setUp(context);
  assert.equal(await hasKnownChecks(new Runner(node.instance)), true);
  const other = node.wrapProgram('csync2 "$@" | sed "s/^Version: 2.0/Version: 2.1/"');
  assert.equal(await hasKnownChecks(new Runner(other)), false);
});

test('a file is noted and marked, and found unchanged the next time', async (context) => {
  const { node, run, pending } = await setUp(context);
  const file = node.write('a b', 'x');
  assert.deepEqual(await run('-c', file), [1, '/a b']);
  assert.deepEqual(await run('-c', file), [1]);
  assert.deepEqual(await run('-m', file), [1, '/a b']);
  assert.deepEqual(pending(), ['%25data%25/a%20b']);
});

test('a locked database is waited for, and left to csync2 if it stays locked', async (context) => {
  const { node, run, pending } = await setUp(context);
  const file = node.write('a', 'x');
  const other = new Database(node.databaseFile);
  context.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  assert.deepEqual(await run('-c', file), [0, 'busy']);
  assert.deepEqual(pending(), []);
  const waiting = run('-c', file);
  other.exec('COMMIT');
  assert.deepEqual(await waiting, [1, '/a']);
});

test('a database with other tables, indexes or triggers is left to csync2', async (context) => {
  const { node, run } = await setUp(context);
  const file = node.write('a', 'x');
  const other = new Database(node.databaseFile);
  context.after(() => other.close());
  for (const [make, remove] of [
    ['CREATE INDEX more ON file (checktxt)', 'DROP INDEX more'],
    ['CREATE TABLE more (a)', 'DROP TABLE more'],
    ['CREATE TRIGGER more AFTER INSERT ON dirty BEGIN DELETE FROM hint; END', 'DROP TRIGGER more'],
    ['ALTER TABLE dirty ADD COLUMN digest', 'ALTER TABLE dirty DROP COLUMN digest'],
  ] as const) {
    other.exec(make);
    assert.deepEqual(await run('-c', file), [0, 'database'], make);
    other.exec(remove);
  }
  // What SQLite itself adds does not matter.
  other.exec('ANALYZE');
  assert.deepEqual(await run('-c', file), [1, '/a']);
});

test('where csync2 would run commands, it does the check', async (context) => {
  const rules = 'action { pattern "%data%/x"; exec "true"; do-local; }';
  const { node, run } = await setUp(context, rules);
  assert.deepEqual(await run('-c', node.write('a', 'x')), [0, 'commands']);
  const without = await setUp(context, 'action { exec "true"; }');
  const file = without.node.write('a', 'x');
  const database = new Database(without.node.databaseFile);
  context.after(() => database.close());
  database.exec("INSERT INTO action VALUES ('/x', 'true', '/dev/null')");
  assert.deepEqual(await without.run('-c', file), [0, 'commands']);
  database.exec('DELETE FROM action');
  assert.deepEqual(await without.run('-c', file), [1, '/a']);
});

test('behind a link, and spelt otherwise, a path is left to csync2', async (context) => {
  const { node, run } = await setUp(context);
  const file = node.write('dir/a', 'x');
  symlinkSync('dir', node.path('link'));
  assert.deepEqual(await run('-c', node.path('link', 'a')), [0, 'link']);
  assert.deepEqual(await run('-m', node.path('link', 'a')), [0, 'link']);
  assert.deepEqual(await run('-c', Buffer.concat([file, Buffer.from('/')]), file), [
    ...[1, 'path', '/dir/a'],
  ]);
  assert.deepEqual(await run('-c', node.path('link')), [1, '/link']);
});

test('csync2.cfg counts as it is now, and csync2.lock stops the check', async (context) => {
  const { node, run } = await setUp(context);
  const file = node.write('a', 'x');
  const config = join(node.systemDirectory, 'csync2.cfg');
  appendFileSync(config, 'group { host 127.0.0.2; key nowhere; include /nothing; }\n');
  assert.deepEqual(await run('-c', file), [0, 'configuration']);
  writeFileSync(join(node.systemDirectory, 'nowhere'), `${'k'.repeat(64)}\n`);
  appendFileSync(config, 'group { host 127.0.0.2 late; key nowhere; include %data%; }\n');
  assert.deepEqual(await run('-c', file), [1, '/a']);
  assert.equal(node.ledger.pending.count('late'), 1);
  writeFileSync(join(node.systemDirectory, 'csync2.lock'), '');
  assert.deepEqual(await run('-c', file), [0, 'maintenance']);
});

test('options and another program are left to csync2', async (context) => {
  const { node, own } = await setUp(context);
  const file = node.write('a', 'x');
  const reasonOf = async (check: OwnCheck) => (await check.run('-c', [file])).left[0]?.reason;
  assert.equal(await reasonOf(own({ ...node.instance, extraOptions: ['-F'] })), 'options');
  const program = join(node.systemDirectory, 'program');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
  const check = own({ ...node.instance, program });
  copyFileSync('/bin/true', program);
  assert.equal(await reasonOf(check), 'program');
});
