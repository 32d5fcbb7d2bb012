import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered } from '#src/observe/remembered.js';

test('an answer is made once in its time, and again after it', () => {
  let time = 1000;
  let made = 0;
  const answer = remembered(
    () => ++made,
    500,
    () => time,
  );
  assert.deepEqual([answer(), answer()], [1, 1]);
  time = 1499;
  assert.equal(answer(), 1);
  time = 1500;
  assert.deepEqual([answer(), answer()], [2, 2]);
});

test('a failure is not remembered', () => {
  let fails = true;
  const answer = remembered(
    () => {
      if (fails) throw new Error('short of descriptors');
      return 'well';
    },
    500,
    () => 0,
  );
  assert.throws(answer, /short/);
  fails = false;
  assert.equal(answer(), 'well');
});
