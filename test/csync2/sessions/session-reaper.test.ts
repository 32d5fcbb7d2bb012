import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionPhase } from '#src/csync2/sessions/session-probe.js';
import { unusedSessions } from '#src/csync2/sessions/session-reaper.js';

const session = (
  pid: number,
  phase: SessionPhase,
  age: number,
  idleFor = age,
  isAtImpasse = false,
) => ({
  pid,
  phase,
  age,
  idleFor,
  isAtImpasse,
});
const ended = (...sessions: ReturnType<typeof session>[]) =>
  unusedSessions(sessions).map(({ pid }) => pid);

test('who has not said who he is may stay for half a minute', () => {
  assert.deepEqual(
    ended(session(1, 'unidentified', 29_000), session(2, 'unidentified', 31_000)),
    [2],
  );
});

test('of many who are silent, those that have been silent longest go at once', () => {
  const many = Array.from({ length: 40 }, (_, index) => session(index, 'unidentified', index));
  assert.deepEqual(ended(...many), [39, 38, 37, 36, 35, 34, 33, 32]);
});

test('one whose peer waits for it, too, is ended; not before the peer may have seen by itself how it stands', () => {
  const impasse = (pid: number, phase: SessionPhase, idleFor: number) =>
    session(pid, phase, 5000, idleFor, true);
  assert.deepEqual(
    ended(impasse(1, 'working', 900), impasse(2, 'writing', 1100), impasse(3, 'working', 0)),
    [2],
  );
});

test('a peer that is known may take its time, for an hour', () => {
  assert.deepEqual(ended(session(1, 'idle', 3_500_000), session(2, 'idle', 3_700_000)), [2]);
  assert.deepEqual(
    ended(session(1, 'working', 9_000_000, 0), session(2, 'writing', 9_000_000, 0)),
    [],
  );
});
