import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentTroubles } from '#src/observe/recent-troubles.js';

test('a trouble goes on until nothing fails because of it any more, and is told afterwards', () => {
  const troubles = new RecentTroubles();
  assert.deepEqual(troubles.list(), []);
  troubles.begins('queue-disk-full', 'write', 1);
  troubles.begins('queue-disk-full', 'cursor', 2);
  troubles.begins('queue-disk-full', 'write', 3);
  troubles.ends('write', 4);
  assert.deepEqual(troubles.list(), [{ kind: 'queue-disk-full', since: 1, until: undefined }]);
  troubles.ends('cursor', 5);
  troubles.ends('cursor', 6);
  assert.deepEqual(troubles.list(), [{ kind: 'queue-disk-full', since: 1, until: 5 }]);
});

test('of each kind the last one is kept, the latest first', () => {
  const troubles = new RecentTroubles();
  troubles.begins('queue-overflow', undefined, 1);
  troubles.begins('changes-unseen', 'watching', 2);
  troubles.begins('queue-overflow', undefined, 3);
  assert.deepEqual(troubles.list(), [
    { kind: 'queue-overflow', since: 3, until: 3 },
    { kind: 'changes-unseen', since: 2, until: undefined },
  ]);
});

test('what fails for another reason ends the trouble it was', () => {
  const troubles = new RecentTroubles();
  troubles.begins('queue-disk-full', 'write', 1);
  troubles.begins('queue-disk-failing', 'write', 2);
  assert.deepEqual(troubles.list(), [
    { kind: 'queue-disk-failing', since: 2, until: undefined },
    { kind: 'queue-disk-full', since: 1, until: 2 },
  ]);
});
