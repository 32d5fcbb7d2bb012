import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { Notifier } from '#src/systemd/notify.js';
import { type Movement, pulseOf, Watchdog } from '#src/systemd/watchdog.js';

/** A pulse of a part whose looks are given. */
function beats(...looks: readonly [moved: number, waiting: boolean][]): boolean[] {
  let at = 0;
  const pulse = pulseOf('a part', (): Movement => {
    const [moved, waiting] = looks[at++] as [number, boolean];
    return { moved, waiting };
  });
  return looks.map(() => pulse.beats());
}

test('rest is no silence, however long', () => {
  assert.deepEqual(beats([1, false], [1, false], [1, false]), [true, true, true]);
});

test('work that moves is none either, however much is waiting', () => {
  assert.deepEqual(beats([1, true], [2, true], [3, true]), [true, true, true]);
});

test('what has only just come is given time until the next look', () => {
  assert.deepEqual(beats([1, false], [1, true], [1, true], [1, true]), [true, true, false, false]);
  assert.deepEqual(beats([1, true], [1, false], [1, true]), [true, true, true]);
});

test('what moves again beats again', () => {
  assert.deepEqual(beats([1, true], [1, true], [2, true], [2, false]), [true, false, true, true]);
});

test('the watchdog is fed at half its time, and only while all parts beat', (context) => {
  mock.timers.enable({ apis: ['setInterval'] });
  context.after(() => mock.timers.reset());
  let fed = 0;
  const silent: string[] = [];
  const states = { one: true, two: true };
  const notifier = { watchdogMilliseconds: 1000, watchdog: () => fed++ } as unknown as Notifier;
  const parts = (['one', 'two'] as const).map((name) => ({ name, beats: () => states[name] }));
  let views = 0;
  const watchdog = new Watchdog(notifier, parts, {
    onSilent: (name) => silent.push(name),
    onFed: () => views++,
  });
  watchdog.start();
  mock.timers.tick(1000);
  assert.deepEqual([fed, views, silent], [3, 3, []]);
  states.one = false;
  states.two = false;
  mock.timers.tick(500);
  assert.deepEqual([fed, silent], [3, ['one', 'two']]);
  states.one = true;
  mock.timers.tick(500);
  assert.deepEqual([fed, silent], [3, ['one', 'two', 'two']]);
  states.two = true;
  mock.timers.tick(500);
  assert.equal(fed, 4);
  watchdog.stop();
  mock.timers.tick(5000);
  assert.equal(fed, 4);
});

test('without a watchdog there is no timer', () => {
  const watchdog = new Watchdog({ watchdogMilliseconds: 0 } as Notifier, [], {
    onSilent: () => assert.fail(),
  });
  watchdog.start();
  watchdog.stop();
});
