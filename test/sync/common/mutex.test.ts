import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Mutex } from '#src/sync/common/mutex.js';

describe('exclusive', () => {
  test('one at a time, in the order of asking', async () => {
    const exclusive = new Mutex();
    const seen: string[] = [];
    let running = 0;
    const task = (name: string, turns: number) => async () => {
      assert.equal(++running, 1);
      seen.push(`${name} begins`);
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      seen.push(`${name} ends`);
      running--;
      return name;
    };
    const results = await Promise.all([
      exclusive.run(task('a', 5)),
      exclusive.run(task('b', 0)),
      exclusive.run(task('c', 2)),
    ]);
    assert.deepEqual(results, ['a', 'b', 'c']);
    assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('an error reaches who asked, and nobody else', async () => {
    const exclusive = new Mutex();
    const failing = exclusive.run(async () => {
      throw new Error('mine');
    });
    const next = exclusive.run(async () => 'fine');
    await assert.rejects(failing, /mine/);
    assert.equal(await next, 'fine');
  });

  test('what throws before it waits is an error too', async () => {
    const exclusive = new Mutex();
    const throws = (): Promise<void> => {
      throw new Error('at once');
    };
    await assert.rejects(exclusive.run(throws), /at once/);
    assert.equal(await exclusive.run(async () => 1), 1);
  });
});
