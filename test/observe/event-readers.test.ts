import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventReaders, EventsBusyError } from '#src/observe/event-readers.js';
import { EventRing } from '#src/observe/event-ring.js';

const never = new AbortController().signal;

test('a reader gets what is there at once, and waits for what comes', async () => {
  const ring = new EventRing();
  const readers = new EventReaders(ring, 'run');
  assert.deepEqual(await readers.read({}, 0, never), {
    events: [],
    next: 0,
    end: 0,
    left_out: 0,
    run: 'run',
  });
  const waiting = readers.read({ peer: 'web3' }, 3600, never);
  ring.add({ event: 'received', at: 1, peer: 'web2' });
  await new Promise((resolve) => setImmediate(resolve));
  ring.add({ event: 'received', at: 2, peer: 'web3' });
  const { events, next } = await waiting;
  assert.deepEqual([events.map(({ at }) => at), next], [[2], 2]);
  assert.equal((await readers.read({ after: 0 }, 3600, never)).events.length, 2);
});

test('what was overwritten while a reader waited for another peer is counted', async () => {
  const ring = new EventRing({ entries: 3, bytes: 100 });
  const readers = new EventReaders(ring, 'run');
  const waiting = readers.read({ peer: 'web3' }, 3600, never);
  for (let at = 0; at < 10; at++) ring.add({ event: 'received', at, peer: 'web2' });
  await new Promise((resolve) => setImmediate(resolve));
  ring.add({ event: 'received', at: 10, peer: 'web3' });
  const { events, left_out: leftOut } = await waiting;
  assert.deepEqual([events.length, leftOut], [1, 7]);
});

test('few wait at the same time, and who is gone makes room', async () => {
  const readers = new EventReaders(new EventRing(), 'run');
  const gone = new AbortController();
  const waiting = Array.from({ length: 6 }, () => readers.read({}, 3600, gone.signal));
  await assert.rejects(readers.read({}, 3600, never), EventsBusyError);
  assert.equal((await readers.read({}, 0, never)).next, 0);
  gone.abort();
  await Promise.all(waiting);
  await readers.read({}, 0.001, never);
});
