import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Stage, Timeline } from '#src/sync/common/timeline.js';
import { Timelines } from '#src/sync/common/timelines.js';

const [file, other] = [Buffer.from('/srv/a'), Buffer.from('/srv/b')];

describe('a timeline', () => {
  test('its stages sum up to all the time, in their order, whatever was marked twice', () => {
    const timeline = new Timeline(file, 100);
    timeline.mark('kernel', 101);
    timeline.mark('check', 111);
    timeline.mark('look', 112);
    timeline.mark('check', 115);
    assert.deepEqual(timeline.spent, [
      ['kernel', 1],
      ['look', 1],
      ['check', 13],
    ]);
  });

  test('a clock that lags takes no time back', () => {
    const timeline = new Timeline(file, 100);
    timeline.mark('kernel', 99);
    timeline.mark('reader', 102);
    timeline.mark('queue', 101);
    timeline.mark('gather', 103);
    assert.deepEqual(
      timeline.spent.map(([, spent]) => spent),
      [0, 2, 0, 1],
    );
  });

  test('goes its own way to each peer', () => {
    const timeline = new Timeline(file, 0);
    timeline.mark('kernel', 1);
    const [one, two] = [timeline.fork(), timeline.fork()];
    one.mark('push', 5);
    two.mark('push', 9);
    assert.deepEqual(
      [one.spent.at(-1), two.spent.at(-1)],
      [
        ['push', 4],
        ['push', 8],
      ],
    );
    assert.equal(timeline.spent.length, 1);
  });
});

/** A clock that is set, and what was told. */
function following({ changedAt = () => 999 }: { changedAt?: () => number | undefined } = {}) {
  const clock = { now: 1000 };
  const told: { peer: string; path: string; spent: Partial<Record<Stage, number>> }[] = [];
  const timelines = new Timelines({
    now: () => clock.now,
    changedAt,
    onAccepted: (peer, timeline) =>
      told.push({
        peer,
        path: timeline.path.toString(),
        spent: Object.fromEntries(timeline.spent),
      }),
  });
  const noticed = (upTo: number) =>
    timelines.noticed({
      upTo,
      readAt: clock.now,
      takenAt: clock.now + 1,
      recordedAt: clock.now + 2,
    });
  /** Has it checked and pushed, each in ten milliseconds. */
  const send = (path: Buffer, peers: readonly string[]) => {
    timelines.mark('window');
    clock.now += 10;
    timelines.mark('check');
    timelines.checked(true);
    for (const peer of peers) {
      const timeline = timelines.pushing([other, path], clock.now);
      if (timeline) timelines.accepted(peer, timeline, Number.POSITIVE_INFINITY);
    }
  };
  return { clock, told, timelines, noticed, send };
}

describe('single changes', () => {
  test('are followed from the change to each peer', () => {
    const { clock, told, timelines, noticed, send } = following();
    noticed(7);
    clock.now += 5;
    timelines.taken(7, file);
    send(file, ['web2', 'web3']);
    assert.deepEqual(
      told.map(({ peer, path }) => [peer, path]),
      [
        ['web2', '/srv/a'],
        ['web3', '/srv/a'],
      ],
    );
    const { kernel, reader, queue, gather, window, check, lane } = told[0]?.spent ?? {};
    assert.deepEqual(
      { kernel, reader, queue, gather, window, check, lane },
      { kernel: 1, reader: 1, queue: 1, gather: 3, window: 0, check: 10, lane: 0 },
    );
  });

  test('that came in two pieces begin with the first', () => {
    const { clock, told, timelines, noticed, send } = following({ changedAt: () => undefined });
    noticed(7);
    clock.now += 20;
    noticed(8);
    timelines.taken(8, file);
    send(file, ['web2']);
    assert.equal(told[0]?.spent.gather, 18);
  });

  test('several at once are not, nor what nobody has noticed, nor what was not marked', () => {
    const { told, timelines, noticed, send } = following();
    noticed(7);
    timelines.taken(7, undefined);
    send(file, ['web2']);
    timelines.taken(8, file);
    send(file, ['web2']);
    noticed(9);
    timelines.taken(9, file);
    timelines.checked(false);
    assert.equal(timelines.pushing([file], 1000), undefined);
    assert.deepEqual(told, []);
  });

  test('do not begin where their file was changed long before, or later', () => {
    for (const changed of [-5000, 1500]) {
      const { told, timelines, noticed, send } = following({ changedAt: () => changed });
      noticed(1);
      timelines.taken(1, file);
      send(file, ['web2']);
      assert.equal(told[0]?.spent.kernel, 0);
    }
  });

  test('that are never sent are forgotten', () => {
    const { timelines, noticed } = following();
    for (let place = 1; place <= 50; place++) {
      noticed(place);
      timelines.taken(place, Buffer.from(`/srv/${place}`));
      timelines.checked(true);
    }
    assert.equal(timelines.pushing([Buffer.from('/srv/1')], 0), undefined);
    assert.ok(timelines.pushing([Buffer.from('/srv/50')], 0));
  });
});
