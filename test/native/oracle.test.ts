/**
 * What the tree has reported and what it watches, against a model that knows only the operations.
 * The C++ program plays the operations in many orders and tells what came of it; the judgement is
 * made here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf, runsOf } from './tree-model.js';
import { TreeProgram } from './tree-program.js';

const program = new TreeProgram('');

function judge(text: string, least: number): string {
  let runs = 0;
  let records = 0;
  for (const run of runsOf(text)) {
    runs++;
    records += run.happenings.filter(({ kind }) => ['file', 'touch', 'tree'].includes(kind)).length;
    const faults = faultsOf(run);
    assert.deepEqual(faults, [], JSON.stringify(run, undefined, 1));
  }
  assert.ok(runs >= least, `${runs} runs`);
  return `${runs} runs with ${records} records are as the model has it`;
}

test('all rows of up to four operations on three names, 20 orders each', (context) =>
  context.diagnostic(judge(program.run('tell-rows', '4', '20', 'nested'), 10_000)));

for (const operations of ['6', '12']) {
  test(`${operations} random operations of all kinds`, (context) => {
    const first = String(Math.floor(Math.random() * 2 ** 40));
    const text = judge(program.run('tell-random', first, '10000', operations, 'all'), 10_000);
    context.diagnostic(`${text}, seeds from ${first}`);
  });
}

test('the model finds a record that is left out, one too many, and a watch in the wrong place', () => {
  const prepared = ['/w/a'];
  const operation = { kind: 'operation', words: ['mv', '/w/a', '/w/b'] } as const;
  const both = [
    { kind: 'tree', path: '/w/a' },
    { kind: 'tree', path: '/w/b' },
  ] as const;
  const watched = ['/', '/w', '/w/b'];
  assert.deepEqual(faultsOf({ prepared, happenings: [operation, ...both], watched }), []);
  assert.deepEqual(faultsOf({ prepared, happenings: [operation, both[0]], watched }), [
    'no record covers /w/b after its last change',
    'nothing tells that /w/b has other content',
  ]);
  assert.deepEqual(faultsOf({ prepared, happenings: [both[0], operation, both[1]], watched }), [
    'a record of /w/a, where nothing has changed',
    'no record covers /w/a after its last change',
    'nothing tells that /w/a has other content',
  ]);
  assert.deepEqual(
    faultsOf({ prepared, happenings: [operation, ...both], watched: ['/', '/w', '/w/a'] }),
    ['watched are / /w /w/a instead of / /w /w/b'],
  );
  const write = { kind: 'operation', words: ['write', '/w/f'] } as const;
  const touch = { kind: 'touch', path: '/w/f' } as const;
  assert.deepEqual(faultsOf({ prepared: [], happenings: [write, touch], watched: ['/', '/w'] }), [
    'nothing tells that /w/f has other content',
  ]);
});
