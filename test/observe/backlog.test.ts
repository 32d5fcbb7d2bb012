import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from '#src/observe/backlog.js';

const start = 1_764_000_000_000;

/** Looks once a second: what is pending and sent at each. The last pace. */
function follow(seconds: number, at: (second: number) => { pending: number; sent: number }) {
  const backlog = new Backlog();
  const looks = Array.from({ length: seconds + 1 }, (_, second) =>
    backlog.look({ ...at(second), since: start }, start + second * 1000),
  );
  return looks.at(-1);
}

test('a backlog that shrinks has a rate and an end', () => {
  const pace = follow(10, (second) => ({ pending: 2000 - 85 * second, sent: 7 + 85 * second }));
  assert.deepEqual(pace, { perSecond: 85, secondsLeft: 1150 / 85 });
});

test('changes that come meanwhile put the end off', () => {
  const pace = follow(10, (second) => ({ pending: 1000 - 40 * second, sent: 100 * second }));
  assert.deepEqual(pace, { perSecond: 100, secondsLeft: 15 });
});

test('a backlog that grows, or stays as it is, has a rate and no end', () => {
  for (const more of [0, 50]) {
    const pace = follow(10, (second) => ({ pending: 500 + more * second, sent: 20 * second }));
    assert.deepEqual(pace, { perSecond: 20, secondsLeft: undefined });
  }
});

test('where nothing moves there is no end, also if nobody had looked meanwhile', () => {
  const still = { perSecond: 0, secondsLeft: undefined };
  assert.deepEqual(
    follow(10, () => ({ pending: 500, sent: 3 })),
    still,
  );
  const backlog = new Backlog();
  const look = (milliseconds: number, sent: number) =>
    backlog.look({ pending: 1000 - sent, sent, since: start }, start + milliseconds);
  for (const [milliseconds, sent] of [
    [0, 0],
    [1000, 90],
    [1300, 120],
    [1450, 150],
  ] as const)
    look(milliseconds, sent);
  assert.deepEqual(look(60_000, 150), still);
  assert.deepEqual(look(60_100, 180), { perSecond: 2, secondsLeft: 410 }, 'of the last 15 seconds');
});

test('what was before it moved, and before the backlog was whole, does not count', () => {
  // Five seconds of a peer that is away while 1000 files come, five in which 100 a second are sent.
  const back = follow(10, (second) => ({
    pending: 1000 - Math.abs(second - 5) * (second < 5 ? 190 : 100),
    sent: 7 + 100 * Math.max(0, second - 5),
  }));
  assert.deepEqual(back, { perSecond: 100, secondsLeft: 5 });
  // All the time 100 a second are sent; more come in the first five.
  const grown = follow(10, (second) => ({
    pending: 1000 - Math.abs(second - 5) * 40,
    sent: 100 * second,
  }));
  assert.deepEqual(grown, { perSecond: 100, secondsLeft: 20 });
});

test('it is too early in the first two seconds, and a few files are no backlog', () => {
  const unknown = { perSecond: undefined, secondsLeft: undefined };
  assert.deepEqual(
    follow(1, (second) => ({ pending: 2000 - 85 * second, sent: 85 * second })),
    unknown,
  );
  assert.deepEqual(
    follow(9, (second) => ({ pending: 10 - second, sent: second })),
    unknown,
  );
});

test('what is not known, a clock set back and a counter that begins again are no pace', () => {
  const backlog = new Backlog();
  const look = (seconds: number, fields: { pending?: number; sent?: number; since?: number }) =>
    backlog.look(
      { pending: 500, sent: seconds * 10, since: start, ...fields },
      start + seconds * 1000,
    ).perSecond;
  assert.equal(look(0, {}), undefined);
  assert.equal(look(5, {}), 10);
  assert.equal(
    backlog.look({ pending: undefined, sent: 50, since: start }, start + 6000).perSecond,
    undefined,
  );
  assert.equal(look(7, {}), undefined);
  assert.equal(look(9, {}), 10);
  assert.equal(look(4, {}), undefined, 'set back');
  assert.equal(look(10, {}), 10);
  assert.equal(look(11, { sent: 1 }), undefined, 'begins again');
});

test('who looks all the time learns the same as who looks now and then', () => {
  const backlog = new Backlog();
  let pace = { perSecond: undefined as number | undefined };
  for (let at = 0; at <= 40_000; at += 10)
    pace = backlog.look({ pending: 9000 - at / 10, sent: at / 10, since: start }, start + at);
  assert.ok(Math.abs((pace.perSecond ?? 0) - 100) < 4, String(pace.perSecond));
});
