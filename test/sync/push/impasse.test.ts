import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Impasse } from '#src/sync/push/impasse.js';

const always = { isFile: () => true, hasEntries: () => true };

test('seen, it is told at once', () => {
  const impasse = new Impasse({ isFile: () => false, hasEntries: () => false });
  impasse.add(false, '/a');
  assert.ok(!impasse.signal.aborted);
  impasse.add(true, '/a');
  assert.ok(impasse.signal.aborted);
  impasse.end();
});

test('in silence, it is told if a file may be in the place of a directory', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let hasEntries = false;
  const impasse = new Impasse({ isFile: () => true, hasEntries: () => hasEntries });
  for (let message = 0; message < 5; message++) {
    impasse.add(false, '/a');
    context.mock.timers.tick(1000);
  }
  assert.ok(!impasse.signal.aborted, 'it says something');
  context.mock.timers.tick(10_000);
  assert.ok(!impasse.signal.aborted, 'the peer takes its time');
  hasEntries = true;
  impasse.add(false, '/a');
  context.mock.timers.tick(10_000);
  assert.ok(impasse.signal.aborted);
});

test('what counts is what csync2 has begun to send, whatever has become of it since', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let files = ['/a'];
  const impasse = new Impasse({ isFile: (name) => files.includes(name), hasEntries: () => true });
  impasse.add(false, '/a');
  // A directory has taken its place, which csync2 does not notice.
  files = [];
  impasse.add(false, '/a');
  context.mock.timers.tick(10_000);
  assert.ok(impasse.signal.aborted);
  const next = new Impasse({ isFile: (name) => files.includes(name), hasEntries: () => true });
  files = ['/a'];
  next.add(false, '/a');
  next.add(false, '/b');
  context.mock.timers.tick(10_000);
  assert.ok(!next.signal.aborted, 'it is at a directory now');
});

test('once csync2 has ended, nothing is told', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const impasse = new Impasse(always);
  impasse.add(false, '/a');
  impasse.end();
  context.mock.timers.tick(10_000);
  assert.ok(!impasse.signal.aborted);
});
