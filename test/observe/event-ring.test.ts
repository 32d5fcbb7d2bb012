import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  EventRing,
  type RingEvent,
  type RingPage,
  type RingQuery,
} from '#src/observe/event-ring.js';
import { fromKey } from '#src/text/path-bytes.js';
import { chooseSeed, seeded } from '../queue/support.js';

const received = (at: number, peer = 'web2'): RingEvent => ({ event: 'received', at, peer });

/** All pages, as a reader gets them. */
function readAll(ring: EventRing, query: RingQuery = {}): RingPage['events'] {
  const events: RingPage['events'][number][] = [];
  for (let after = query.after; ; ) {
    const page = ring.read({ ...query, after });
    events.push(...page.events);
    if (page.next === page.end) return events;
    after = page.next;
  }
}

const timesOf = (events: RingPage['events']) => events.map(({ at }) => at);

describe('ring of events', () => {
  test('holds so many events, and tells a reader how many it has missed', () => {
    const ring = new EventRing({ entries: 5, bytes: 1000 });
    for (let at = 0; at < 3; at++) ring.add(received(at), Buffer.from('/a'));
    const { next, left_out: none } = ring.read({});
    assert.deepEqual([next, none], [3, 0]);
    for (let at = 3; at < 10; at++) ring.add(received(at), Buffer.from('/a'));
    const page = ring.read({ after: next });
    assert.deepEqual(
      [timesOf(page.events), page.left_out, page.next, page.end],
      [[5, 6, 7, 8, 9], 2, 10, 10],
    );
    assert.deepEqual(ring.read({ after: page.next }), {
      events: [],
      next: 10,
      end: 10,
      left_out: 0,
    });
    // Who has read nothing yet has missed nothing.
    assert.equal(ring.read({}).left_out, 0);
  });

  test('holds so many bytes: long names drive out more than short ones', () => {
    const ring = new EventRing({ entries: 1000, bytes: 10_000 });
    for (let at = 0; at < 100; at++) ring.add(received(at), Buffer.alloc(100, 'x'));
    assert.equal(ring.read({}).events.length, 100);
    ring.add(received(100), Buffer.alloc(4000, 'y'));
    const { events } = ring.read({});
    assert.deepEqual([timesOf(events)[0], timesOf(events).at(-1)], [40, 100]);
    assert.equal(events.at(-1)?.bytes, 'y'.repeat(4000));
  });

  test('keeps a name whatever bytes it has, and not the buffer that it came in', () => {
    const ring = new EventRing();
    const large = Buffer.from('/x\n\x1b[31m\xff\xfe\0…', 'latin1');
    ring.add(received(1), large);
    const before = large.toString('latin1');
    large.fill('z');
    assert.equal(ring.read({}).events[0]?.bytes, before);
  });

  test('finds what is of one peer, and what is younger', () => {
    const ring = new EventRing();
    for (let at = 0; at < 10; at++) ring.add(received(at, at % 2 === 0 ? 'web2' : 'web3'));
    ring.add({ event: 'loss', at: 10 }, Buffer.from('an overflow'));
    assert.deepEqual(timesOf(readAll(ring, { peer: 'web3', since: 4 })), [5, 7, 9]);
    assert.deepEqual(timesOf(readAll(ring, { since: 9 })), [9, 10]);
    assert.equal(ring.read({ peer: 'web4' }).next, 11);
  });

  test('a page is bounded in events and in bytes', () => {
    const ring = new EventRing();
    for (let at = 0; at < 10_000; at++) ring.add(received(at), Buffer.from('/short'));
    assert.ok(ring.read({}).events.length <= 500);
    assert.equal(readAll(ring).length, 10_000);
    for (let at = 0; at < 500; at++) ring.add(received(at), Buffer.alloc(4095, '\x01'));
    const { events } = ring.read({ after: 10_000 });
    assert.ok(JSON.stringify(events).length < 500_000, String(JSON.stringify(events).length));
  });

  test('at random, it holds the last events and never a wrong byte', (context) => {
    const random = seeded(chooseSeed(context));
    const limits = { entries: 20, bytes: 3000 };
    const ring = new EventRing(limits);
    const added: Buffer[] = [];
    let readers = Array.from({ length: 3 }, () => ({ next: 0, read: 0, missed: 0 }));
    for (let at = 0; at < 3000; at++) {
      const length = Math.floor(random() ** 3 * 1500);
      const name = Buffer.from(Array.from({ length }, () => random() * 256));
      added.push(name);
      ring.add(received(at), name);
      const held = readAll(ring);
      assert.ok(held.length > 0 && held.length <= limits.entries);
      for (const { at: which, bytes = '' } of held) assert.deepEqual(fromKey(bytes), added[which]);
      assert.equal(held.at(-1)?.at, at);
      readers = readers.map((reader) => {
        if (random() < 0.9) return reader;
        const { events, next, left_out: missed } = ring.read({ after: reader.next });
        return { next, read: reader.read + events.length, missed: reader.missed + missed };
      });
      for (const { next, read, missed } of readers) assert.equal(read + missed, next);
    }
  });

  test('tells when something comes, when the time is over, and when nobody waits any more', async () => {
    const ring = new EventRing();
    const gone = new AbortController();
    const waits = [ring.change(3_600_000, gone.signal), ring.change(3_600_000, gone.signal)];
    ring.add(received(1));
    await Promise.all(waits);
    await ring.change(1, gone.signal);
    const last = ring.change(3_600_000, gone.signal);
    gone.abort();
    await last;
  });
});
