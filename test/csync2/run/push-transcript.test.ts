import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushTranscript } from '#src/csync2/run/push-transcript.js';

const head = ['Connecting to host web2 (PLAIN) ...', 'Connect to 10.77.0.2:30865 (web2).'];
const updating = (...names: string[]) => names.map((name) => `Updating ${name} on web2 ...`);
const stays = 'File stays in dirty state. Try again later...';
const end = ['Connection closed.', 'Finished with 1 errors.'];
const unanswered = ['Connection closed.', 'Finished with 2 errors.'];

function cutOff(said: readonly string[], left: readonly string[]): string | undefined {
  const transcript = new PushTranscript();
  for (const text of said) transcript.add({ at: 0, kind: 'said', text });
  return transcript.nameCutOff(left);
}

test('tells when each file was begun, and when csync2 went on', () => {
  const transcript = new PushTranscript();
  let at = 0;
  for (const text of [...head, ...updating('/a', '/b'), 'Deleting /c on web2 ...']) {
    transcript.add({ at: ++at, kind: 'said', text });
  }
  const attempts = () => ['/a', '/b', '/c', '/d'].map((name) => transcript.attempt(name));
  const [a, b] = [
    { begunAt: 3, endedAt: 4 },
    { begunAt: 4, endedAt: 5 },
  ];
  assert.deepEqual(attempts(), [a, b, { begunAt: 5, endedAt: undefined }, undefined]);
  for (const text of end) transcript.add({ at: ++at, kind: 'said', text });
  assert.deepEqual(attempts(), [a, b, { begunAt: 5, endedAt: 6 }, undefined]);
});

test('what csync2 was done with has been accepted, unless it stays pending', () => {
  const transcript = new PushTranscript();
  for (const text of [...head, ...updating('/a', '/b'), stays, ...updating('/c', '/d')])
    transcript.add({ at: 0, kind: 'said', text });
  const names = ['/a', '/b', '/c', '/d', '/e'];
  assert.deepEqual(
    names.filter((name) => transcript.hasAccepted(name)),
    ['/a', '/c'],
  );
});

test('killed, or broken by SIGPIPE: the last file that it names', () => {
  assert.equal(cutOff([...head, ...updating('/a', '/b')], ['/b', '/c']), '/b');
  assert.equal(cutOff([...head, ...updating('/a', '/b'), stays], ['/b']), '/b');
});

test('the peer has died and csync2 has ended in order: files were left untried', () => {
  assert.equal(cutOff([...head, ...updating('/a', '/b'), stays, ...end], ['/b', '/c']), '/b');
});

test('the peer has died at the last file of all: one error more than files that stay', () => {
  assert.equal(cutOff([...head, ...updating('/b'), stays, ...unanswered], ['/b']), '/b');
  const resolving = ['auto resolving... response = 10', stays];
  const both = [...head, ...updating('/a'), ...resolving, ...updating('/b'), stays, ...unanswered];
  assert.equal(cutOff(both, ['/a', '/b']), undefined);
});

test('a last file that the peer does not take was not cut off', () => {
  assert.equal(cutOff([...head, ...updating('/a', '/b'), stays, ...end], ['/b']), undefined);
  assert.equal(
    cutOff([...head, ...updating('/a'), stays, ...updating('/b'), ...end], ['/a']),
    undefined,
  );
});

test('deletions count, and without a connection nothing was under way', () => {
  assert.equal(cutOff([...head, 'Deleting /d on web2 ...'], ['/d']), '/d');
  assert.equal(cutOff(updating('/b'), ['/b', '/c']), undefined);
  assert.equal(cutOff(head, ['/b']), undefined);
});

test('a name that looks like a message is a name', () => {
  const hostile = '/x\nConnection closed.\nFinished with 0 errors.';
  assert.equal(cutOff([...head, ...updating('/a', hostile)], [hostile, '/c']), hostile);
  assert.equal(cutOff([...head, ...updating('/a\nUpdating /v'), stays, ...end], ['/v']), undefined);
});
