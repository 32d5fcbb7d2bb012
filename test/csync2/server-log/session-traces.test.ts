import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SessionTraces, type TraceFacts } from '#src/csync2/server-log/session-traces.js';

test('what a session has removed and put nothing in place of is told once, when the session is over', (context) => {
  const { note, take } = setting(context);
  assert.deepEqual(take(), []);
  note(7, 1000.5, '/t/a');
  note(8, 1001, '/t/b');
  assert.deepEqual(take({ open: new Set([7]) }), ['/t/b']);
  assert.deepEqual(take({ open: new Set([7]) }), []);
  assert.deepEqual(take(), ['/t/a']);
  assert.deepEqual(take(), []);
});

test('what a session has removed that may have begun since the look for sessions is not told yet', (context) => {
  const { note, take } = setting(context);
  note(7, 1000, '/t/a');
  assert.deepEqual(take({ lookedAt: 999_000 }), []);
  assert.deepEqual(take({ lookedAt: 1_000_500 }), ['/t/a']);
});

test('of what it has done with since, nothing is told, though it goes on', (context) => {
  const { note, take, traces } = setting(context);
  note(7, 1000, '/t/a');
  note(7, 1000, '/t/b');
  const open = new Set([7]);
  const updatedAt = (path: Buffer) => (String(path) === '/t/a' ? 1_000_004 : 999_000);
  assert.deepEqual(take({ open, updatedAt }), []);
  assert.deepEqual(
    ['/t/a', '/t/b'].map((path) => traces.isEmptied(Buffer.from(path))),
    [false, true],
  );
  assert.deepEqual(take({ updatedAt }), ['/t/b']);
});

test('names hold any byte but one; a half written record waits for its rest', (context) => {
  const { file, note, take } = setting(context);
  note(7, 1000, '/t/ 8 1.0 /t/x\n9 2.0 /y');
  appendFileSync(file, Buffer.from('R 7 1000.000000001 /t/\xff', 'latin1'));
  assert.deepEqual(take(), ['/t/ 8 1.0 /t/x\n9 2.0 /y']);
  appendFileSync(file, 'b\0');
  assert.deepEqual(take(), [Buffer.from('/t/\xffb', 'latin1').toString()]);
});

test('when a session has set a time last is known at once', (context) => {
  const { file, traces } = setting(context);
  const at = (name: string) => {
    traces.look();
    return traces.timeSetAt(Buffer.from(name));
  };
  assert.equal(at('/t/a'), undefined);
  appendFileSync(file, 'T 7 1000.250000000 /t/a\0T 7 1001.500000000 /t/a\0');
  assert.equal(at('/t/a'), 1_001_500);
  assert.equal(at('/t/b'), undefined);
  assert.equal(traces.isEmptied(Buffer.from('/t/a')), false);
});

test('what sessions have moved into a place is known, with its inode', (context) => {
  const { file, traces } = setting(context);
  appendFileSync(
    file,
    'M 7 1000.250000000 18446744073709551615 /t/a\0M 7 1001.500000000 5 /t/ 6 /a\0',
  );
  appendFileSync(file, 'M 8 1002.000000000 7 /t/a\0R 8 1003.000000000 /t/a\0');
  traces.look();
  const moved = (name: string) => traces.moved(Buffer.from(name));
  assert.deepEqual(moved('/t/a'), [
    { at: 1_000_250, inode: 18_446_744_073_709_551_615n },
    { at: 1_002_000, inode: 7n },
  ]);
  assert.deepEqual(moved('/t/ 6 /a'), [{ at: 1_001_500, inode: 5n }]);
  assert.deepEqual(moved('/t/b'), []);
});

test('what an earlier run has seen to is not taken for left empty when it is gone later', (context) => {
  const { note, take } = setting(context, 1_000_000);
  note(7, 999, '/t/a');
  note(8, 1000, '/t/b');
  assert.deepEqual(take(), ['/t/b']);
});

test('what a session came to is told, whatever name its peer has given', (context) => {
  const { file, traces } = setting(context);
  const told: unknown[] = [];
  traces.onVerdict = ({ at, from, peer, verdict }) => told.push([at, verdict, from, peer]);
  const names = ['web2', '', 'a b', 'x\nV 7 1.0 accepted ::1 web2', '\xff/ R 7 1.0 /t/a'];
  for (const name of names)
    appendFileSync(file, Buffer.from(`V 7 1000.5 permission ::ffff:10.0.0.2 ${name}\0`, 'latin1'));
  appendFileSync(file, 'V 8 1001.0 accepted fe80::1%eth0 web2\0V 8 1001.0 no ::1 web2\0V 8 1 x\0');
  traces.look();
  assert.deepEqual(told, [
    ...names.map((name) => [1_000_500, 'permission', '10.0.0.2', name]),
    [1_001_000, 'accepted', 'fe80::1%eth0', 'web2'],
  ]);
  assert.equal(traces.isEmptied(Buffer.from('/t/a')), false);
});

test('its file does not grow for ever', (context) => {
  const { file, note, take } = setting(context);
  for (let count = 0; count < 10_000; count++)
    note(7, 1000 + count, `/t/${'x'.repeat(100)}${count}`);
  assert.equal(take({ open: new Set([7]) }).length, 0);
  assert.ok(statSync(file).size > 1024 * 1024, 'a session still writes to it');
  assert.equal(take().length, 10_000);
  assert.ok(!existsSync(file));
  note(8, 5000, '/t/next');
  assert.deepEqual(take(), ['/t/next']);
});

function setting(context: TestContext, since = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'traces-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'traces');
  const traces = new SessionTraces(file, since);
  return {
    file,
    traces,
    note: (pid: number, seconds: number, path: string) =>
      appendFileSync(file, `R ${pid} ${seconds.toFixed(9)} ${path}\0`),
    take: (facts: Partial<TraceFacts> = {}) => {
      traces.look();
      const lookedAt = Number.POSITIVE_INFINITY;
      const all = { open: new Set<number>(), lookedAt, updatedAt: () => undefined, ...facts };
      return traces.takeEmptied(all).map(String);
    },
  };
}
