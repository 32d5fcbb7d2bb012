import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Impasse } from '#src/sync/push/impasse.js';

test('seen, it is told at once', () => {
  const impasse = new Impasse(() => false);
  impasse.add(false);
  assert.ok(!impasse.signal.aborted);
  impasse.add(true);
  assert.ok(impasse.signal.aborted);
  impasse.end();
});

test('in silence, it is told if the file may be such a case', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let isCase = false;
  const impasse = new Impasse(() => isCase);
  for (let message = 0; message < 5; message++) {
    impasse.add(false);
    context.mock.timers.tick(1000);
  }
  assert.ok(!impasse.signal.aborted, 'it says something');
  context.mock.timers.tick(10_000);
  assert.ok(!impasse.signal.aborted, 'the peer takes its time');
  isCase = true;
  impasse.add(false);
  context.mock.timers.tick(10_000);
  assert.ok(impasse.signal.aborted);
});

test('once csync2 has ended, nothing is told', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const impasse = new Impasse(() => true);
  impasse.add(false);
  impasse.end();
  context.mock.timers.tick(10_000);
  assert.ok(!impasse.signal.aborted);
});
