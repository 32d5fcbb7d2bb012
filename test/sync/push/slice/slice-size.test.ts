import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SliceSize } from '#src/sync/push/slice/slice-size.js';

describe('slice size', () => {
  test('somewhat less than a second of work at the rate last seen, within its bounds', () => {
    const slice = new SliceSize();
    for (let push = 0; push < 20; push++) slice.measured(1000, 1);
    assert.ok(Math.abs(slice.rows - 700) < 20, String(slice.rows));
    for (let push = 0; push < 20; push++) slice.measured(100, 10);
    assert.equal(slice.rows, 50);
    for (let push = 0; push < 40; push++) slice.measured(5000, 0.01);
    assert.equal(slice.rows, 5000);
  });

  test('a few files tell nothing of the rate, and no time is no rate', () => {
    const slice = new SliceSize();
    const before = slice.rows;
    slice.measured(1, 10);
    slice.measured(49, 0.001);
    slice.measured(1000, 0);
    slice.measured(1000, -1);
    slice.measured(0, 0);
    assert.equal(slice.rows, before);
  });

  test('one push that was very fast is soon forgotten', () => {
    const slice = new SliceSize();
    slice.measured(5000, 0.5);
    for (let push = 0; push < 4; push++) slice.measured(slice.rows, slice.rows / 100);
    // At 100 files a second, 5000 files keep a fresh change waiting for 50 s.
    assert.ok(slice.rows <= 1000, `${slice.rows} rows after four slow pushes`);
  });
});
