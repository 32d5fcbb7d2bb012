import assert from 'node:assert/strict';
import type { BigIntStats } from 'node:fs';
import { test } from 'node:test';
import { receivedFiles } from '#src/csync2/sessions/half-received.js';

const endedAt = 1_000_000_500;
/**
 * Changed `before` milliseconds before the session's end, to a time of so many nanoseconds behind
 * the second.
 */
const file = (before: number, nanoseconds: bigint, isFile = true) =>
  ({
    ctimeMs: BigInt(endedAt - before),
    mtimeNs: 999_000_000_000_000n + nanoseconds,
    isFile: () => isFile,
  }) as BigIntStats;

/** The session went on from each file to the next 500 ms before its end. */
function received(
  files: Readonly<Record<string, BigIntStats>>,
  names = Object.keys(files),
): string[] {
  const look = (path: Buffer) => files[path.toString('latin1')];
  const until = endedAt - 500;
  const receptions = names.map((name) => ({
    name,
    peer: 'web2',
    since: until - 1,
    until,
    isRepeated: false,
  }));
  return receivedFiles([{ received: receptions, endedAt }], [], look).map(({ path }) =>
    path.toString('latin1'),
  );
}

test('finished files have whole seconds, the last one may be half done', () => {
  assert.deepEqual(received({ '/a': file(900, 0n), '/b': file(2, 5n) }), ['/a', '/b']);
});

test('what has been changed here since is left to a check', () => {
  assert.deepEqual(
    received({ '/a': file(900, 7n), '/b': file(2, 0n) }),
    ['/b'],
    'a time with nanoseconds',
  );
  assert.deepEqual(
    received({ '/a': file(300, 0n), '/b': file(2, 0n) }),
    ['/b'],
    'after the session went on',
  );
  assert.deepEqual(
    received({ '/a': file(-1, 0n), '/b': file(-1, 5n) }),
    [],
    'after the end of the session',
  );
});

test('directories and links have no time of their own; what is gone is passed over', () => {
  assert.deepEqual(
    received({ '/d': file(900, 7n, false), '/e': file(1, 0n) }, ['/d', '/gone', '/e']),
    ['/d', '/e'],
  );
});

test('names are bytes, and prefixes are resolved', () => {
  const look = (path: Buffer) =>
    path.equals(Buffer.from('/srv/\xff', 'latin1')) ? file(2, 5n) : undefined;
  const prefixes = [{ name: Buffer.from('p'), path: Buffer.from('/srv') }];
  const sessions = [
    { received: [{ name: '%p%/\xff', peer: 'web2', since: endedAt - 5 }], endedAt },
  ];
  const [found] = receivedFiles(sessions, prefixes, look);
  assert.ok(found?.path.equals(Buffer.from('/srv/\xff', 'latin1')));
});
