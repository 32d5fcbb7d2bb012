import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TraceFile } from '#src/csync2/server-log/trace-file.js';

test('records are told once, when they are whole; a file that is not there has none', (context) => {
  const { file, traces } = setting(context);
  assert.deepEqual(traces.read(), []);
  appendFileSync(file, 'one\0two\0thr');
  assert.deepEqual(traces.read(), ['one', 'two']);
  appendFileSync(file, 'ee\0\0');
  assert.deepEqual(traces.read(), ['three', '']);
  assert.deepEqual(traces.read(), []);
});

test('begun anew, it loses nothing that a session writes that has it open', (context) => {
  const { file, long, traces } = setting(context);
  const late = openSync(file, 'a');
  context.after(() => closeSync(late));
  appendFileSync(file, long);
  traces.read();
  traces.keepShort(true);
  assert.ok(!existsSync(file));
  appendFileSync(file, 'new\0');
  writeSync(late, 'late\0');
  assert.deepEqual(traces.read(), ['late', 'new']);
  // The session is open still.
  traces.keepShort(false);
  writeSync(late, 'last\0');
  assert.deepEqual(traces.read(), ['last']);
  traces.keepShort(true);
  appendFileSync(file, long);
  assert.equal(traces.read().length, long.length / 2);
  traces.keepShort(true);
  appendFileSync(file, 'once more\0');
  assert.deepEqual(traces.read(), ['once more']);
  assert.ok(statSync(file).size < 100);
});

test('while it is short, it stays', (context) => {
  const { file, traces } = setting(context);
  appendFileSync(file, 'one\0');
  traces.read();
  traces.keepShort(true);
  assert.ok(existsSync(file));
});

function setting(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'ics-traces-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'traces');
  return { file, traces: new TraceFile(file), long: 'x\0'.repeat(600_000) };
}
