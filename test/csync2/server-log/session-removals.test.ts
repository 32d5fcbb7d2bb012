import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RemovalFacts, SessionRemovals } from '#src/csync2/server-log/session-removals.js';

test('what a session has removed and put nothing in place of is told once, when the session is over', (context) => {
  const { note, take } = setting(context);
  assert.deepEqual(take(), []);
  note(7, 1000.5, '/t/a');
  note(8, 1001, '/t/b');
  assert.deepEqual(take({ isOpen: (pid) => pid === 7 }), ['/t/b']);
  assert.deepEqual(take({ isOpen: (pid) => pid === 7 }), []);
  assert.deepEqual(take(), ['/t/a']);
  assert.deepEqual(take(), []);
});

test('of what it has done with since, nothing is told, though it goes on', (context) => {
  const { note, removals, take } = setting(context);
  note(7, 1000, '/t/a');
  note(7, 1000, '/t/b');
  const isOpen = () => true;
  const updatedAt = (path: Buffer) => (String(path) === '/t/a' ? 1_000_004 : 999_000);
  assert.deepEqual(take({ isOpen, updatedAt }), []);
  assert.deepEqual(
    ['/t/a', '/t/b'].map((path) => removals.isEmptied(Buffer.from(path))),
    [false, true],
  );
  assert.deepEqual(take({ updatedAt }), ['/t/b']);
});

test('names hold any byte but one; a half written record waits for its rest', (context) => {
  const { file, note, take } = setting(context);
  note(7, 1000, '/t/ 8 1.0 /t/x\n9 2.0 /y');
  appendFileSync(file, Buffer.from('7 1000.000000001 /t/\xff', 'latin1'));
  assert.deepEqual(take(), ['/t/ 8 1.0 /t/x\n9 2.0 /y']);
  appendFileSync(file, 'b\0');
  assert.deepEqual(take(), [Buffer.from('/t/\xffb', 'latin1').toString()]);
});

test('its file does not grow for ever', (context) => {
  const { file, note, take } = setting(context);
  for (let count = 0; count < 3000; count++) note(7, 1000 + count, `/t/${'x'.repeat(100)}${count}`);
  assert.equal(take({ isOpen: () => true }).length, 0);
  assert.ok(statSync(file).size > 256 * 1024, 'a session still writes to it');
  assert.equal(take().length, 3000);
  assert.equal(statSync(file).size, 0);
  note(8, 5000, '/t/next');
  assert.deepEqual(take(), ['/t/next']);
});

function setting(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'removals-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'removals');
  const removals = new SessionRemovals(file);
  return {
    file,
    removals,
    note: (pid: number, seconds: number, path: string) =>
      appendFileSync(file, `${pid} ${seconds.toFixed(9)} ${path}\0`),
    take: (facts: Partial<RemovalFacts> = {}) =>
      removals.takeEmptied({ isOpen: () => false, updatedAt: () => undefined, ...facts }).map(String),
  };
}
