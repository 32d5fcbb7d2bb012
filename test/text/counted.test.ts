import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, grouped } from '#src/text/counted.js';

test('one thing is one, and large numbers are read in threes', () => {
  assert.deepEqual(
    [0, 1, 2, 1240].map((count) => counted(count, 'file')),
    ['0 files', '1 file', '2 files', '1,240 files'],
  );
  assert.equal(counted(1, 'directory is', 'directories are'), '1 directory is');
  assert.equal(counted(2, 'directory is', 'directories are'), '2 directories are');
  assert.deepEqual([999, 171_856, 1_048_576].map(grouped), ['999', '171,856', '1,048,576']);
});
