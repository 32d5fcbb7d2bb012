import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatabaseWindow } from '#src/sync/database/database-window.js';

describe('window on the database', () => {
  test('one task at a time, the gate closed as long as one waits', async () => {
    const seen: string[] = [];
    const gate = {
      holdSessions: () => seen.push('close'),
      releaseSessions: () => seen.push('open'),
    };
    const window = new DatabaseWindow({ quiet: async () => true }, gate as never, 1);
    const task = (name: string) => async (quiet: boolean) => {
      seen.push(`${name} ${quiet}`);
      await new Promise(setImmediate);
      seen.push(`${name} ends`);
      return name;
    };
    assert.deepEqual(await Promise.all([window.run(task('a')), window.run(task('b'))]), ['a', 'b']);
    assert.deepEqual(seen, ['close', 'a true', 'a ends', 'b true', 'b ends', 'open']);
    assert.equal(await window.run(task('c')), 'c');
    assert.deepEqual(seen.slice(6), ['close', 'c true', 'c ends', 'open']);
  });

  test('sessions are let in between two tasks when they have been held up for long', async () => {
    const seen: string[] = [];
    const gate = {
      holdSessions: () => seen.push('close'),
      releaseSessions: () => seen.push('open'),
    };
    const window = new DatabaseWindow({ quiet: async () => true }, gate as never, 1);
    const task = (name: string, milliseconds: number) => async () => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      seen.push(name);
    };
    await Promise.all([
      window.run(task('long', 150)),
      window.run(task('b', 0)),
      window.run(task('c', 0)),
    ]);
    assert.deepEqual(seen, ['close', 'long', 'open', 'close', 'b', 'c', 'open']);
  });

  test('the gate is opened after an error, of the task or of the look at the sessions', async () => {
    let closed = 0;
    const gate = { holdSessions: () => void closed++, releaseSessions: () => void closed-- };
    let broken = false;
    const quiet = async () => {
      if (broken) throw new Error('no /proc');
      return true;
    };
    const window = new DatabaseWindow({ quiet }, gate, 1);
    const fails = async () => {
      throw new Error('mine');
    };
    await assert.rejects(window.run(fails), /mine/);
    assert.equal(closed, 0);
    broken = true;
    await assert.rejects(
      window.run(async () => 1),
      /no .proc/,
    );
    assert.equal(closed, 0);
    broken = false;
    assert.equal(await window.run(async () => 1), 1);
  });

  test('a session that does not end costs its patience once, not each task again', async () => {
    let waited = 0;
    // A peer that lost its power in the middle of a session: csync2's server waits for it for ever.
    const quiet = async (seconds: number) => {
      waited += seconds;
      return false;
    };
    const window = new DatabaseWindow({ quiet }, undefined, 1.5);
    for (let task = 0; task < 20; task++)
      await window.run(async (isQuiet) => assert.equal(isQuiet, false));
    assert.ok(waited <= 3, `${waited} s of waiting for 20 checks`);
  });
});
