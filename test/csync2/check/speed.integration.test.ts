/**
 * Tells how long a check of one changed file takes here and by csync2, in turns, beside many notes.
 * `CHANGES=500 NOTES=170000` for figures; it compares what they have written, and no times.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { CurrentRules } from '#src/csync2/check/current-rules.js';
import { OwnCheck } from '#src/csync2/check/own-check.js';
import { ProgramCheck } from '#src/csync2/check/path-check.js';
import { Runner } from '#src/csync2/run/runner.js';
import { makeCluster } from '../../support/csync2-cluster.js';

const changes = Number(process.env.CHANGES ?? 20);
const notes = Number(process.env.NOTES ?? 10_000);

test(`one changed file beside ${notes} notes, ${changes} times each way`, async (context) => {
  const [node] = await makeCluster(context);
  assert.ok(node);
  addNotes(node.databaseFile);
  const own = new OwnCheck({ ledger: node.ledger, rules: new CurrentRules(node.instance) });
  const program = new ProgramCheck(new Runner(node.instance), node.prefixes);
  const times: Record<'own' | 'csync2', number[]> = { own: [], csync2: [] };
  for (let change = 1; change <= changes; change++) {
    for (const by of ['own', 'csync2'] as const) {
      const file = node.write(by, 'x'.repeat(change));
      const began = performance.now();
      if (by === 'own') assert.equal((await own.run('-c', [file])).done, 1);
      else await program.run({ mode: '-c', recursive: false, paths: [file] });
      times[by].push(performance.now() - began);
      assert.match(
        String(node.ledger.notes.of(file)?.text),
        new RegExp(`size%3D${change}$|=${change}$`),
      );
    }
  }
  const [here, there] = [median(times.own), median(times.csync2)];
  context.diagnostic(
    `medians: ${here.toFixed(2)} ms here, ${there.toFixed(2)} ms by csync2, ratio ${(there / here).toFixed(1)}`,
  );
});

function addNotes(file: string): void {
  const database = new Database(file);
  const insert = database.prepare(
    "INSERT INTO file VALUES (?, 'v1%3Amtime=1%3Amode=33188%3Auid=0%3Agid=0%3Atype=reg%3Asize=1')",
  );
  database.transaction(() => {
    for (let at = 0; at < notes; at++) insert.run(`%25data%25/dir-${at >> 8}/some-file-${at}`);
  })();
  database.close();
}

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length >> 1] ?? 0;
}
