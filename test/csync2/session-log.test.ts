import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionLog } from '#src/csync2/session-log.js';

const begin = (pid: number, from = '127.0.0.2') =>
  `<${pid}> TIMESTAMP: 2026-11-22 10:00:00 UTC (GMT+0000)\n[10:00:00] <${pid}> New connection from ${from}:4711.\n`;
const update = (pid: number, path: string, peer = 'web2') =>
  `[10:00:00] <${pid}> Updated ${path} from ${peer}.\n`;
const end = (pid: number) =>
  `[10:00:01] <${pid}> Connection closed.\n[10:00:01] <${pid}> Finished with 0 errors.\n` +
  `<${pid}> TIMESTAMP: 2026-11-22 10:00:01 UTC (GMT+0000)\n<${pid}> TOTALTIME: 0:00:01\n`;

const shown = (log: SessionLog) => [...log.open].map(([pid, { from, files }]) => [pid, from, files]);

describe('session log', () => {
  test('a session opens with its connection and closes with its end', () => {
    const log = new SessionLog();
    log.read(begin(10));
    assert.deepEqual(shown(log), [[10, '127.0.0.2', 0]]);
    log.read(update(10, '/srv/a') + update(10, '/srv/b'));
    assert.equal(log.open.get(10)?.files, 2);
    log.read(end(10));
    assert.equal(log.open.size, 0);
    assert.deepEqual([...log.received], [['web2', 2]]);
  });

  test('of an earlier log only what came last in each session counts', () => {
    const log = new SessionLog();
    log.recall(begin(10) + update(10, '/a') + update(10, '/b') + begin(11) + update(11, '/c') + end(10));
    assert.deepEqual(
      ['/a', '/b', '/c'].map((name) => log.wasLast(name)),
      [false, true, true],
    );
    assert.equal(log.open.size, 0);
    assert.equal(log.received.size, 0);
    assert.deepEqual(log.takeBroken(), []);
  });

  test('sessions overlap: the end of one says nothing of the other', () => {
    const log = new SessionLog();
    log.read(begin(10) + begin(11, '127.0.0.3') + end(11));
    assert.deepEqual([...log.open.keys()], [10]);
    log.read(end(10));
    assert.equal(log.open.size, 0);
  });

  test('the last file of each session is known when it is over, however it ended', () => {
    const log = new SessionLog();
    log.read(begin(10) + update(10, '/a') + update(10, '/b') + begin(11) + update(11, '/c'));
    assert.ok(!log.wasLast('/b'), 'it goes on');
    log.read(end(10));
    log.keep([]);
    assert.deepEqual(
      ['/a', '/b', '/c'].map((name) => log.wasLast(name)),
      [false, true, true],
    );
  });

  test('every cut through the text leads to the same', () => {
    const text = begin(10) + update(10, '/srv/a b') + begin(11) + update(11, '/x', 'web3') + end(10);
    const whole = new SessionLog();
    whole.read(text);
    for (let cut = 0; cut <= text.length; cut++) {
      const log = new SessionLog();
      log.read(text.slice(0, cut));
      log.read(text.slice(cut));
      assert.deepEqual([...log.open], [...whole.open], `cut at ${cut}`);
      assert.deepEqual([...log.received], [...whole.received], `cut at ${cut}`);
    }
  });

  test('once closed, a session is not opened again by its own last lines', () => {
    const log = new SessionLog();
    log.read(begin(10));
    const lines = end(10).split(/(?<=\n)/);
    for (const [index, line] of lines.entries()) {
      log.read(line);
      assert.equal(log.open.size, 0, `open after line ${index + 1}: ${line}`);
    }
  });

  test('a session whose process is gone without a last word is broken, with its names in their order', () => {
    const log = new SessionLog();
    log.read(begin(10) + update(10, '/a') + update(10, '/b') + update(10, '/a') + begin(11));
    log.keep([11], 5000);
    assert.deepEqual(log.takeBroken(), [{ names: ['/b', '/a'], endedAt: 5000 }]);
    assert.deepEqual(log.takeBroken(), []);
    log.read(update(11, '/c') + end(11));
    log.keep([], 6000);
    assert.deepEqual(log.takeBroken(), [], 'one that ended in order');
  });

  test('the same pid again: the session before was broken off', () => {
    const log = new SessionLog();
    log.read(begin(10) + update(10, '/a') + begin(10));
    assert.deepEqual(
      log.takeBroken().map(({ names }) => names),
      [['/a']],
    );
  });

  test('the same pid again is a new session', () => {
    const log = new SessionLog();
    log.read(begin(10) + update(10, '/a') + end(10) + begin(10, '127.0.0.3'));
    assert.deepEqual(shown(log), [[10, '127.0.0.3', 0]]);
  });

  test('a session that died of a fatal error is ended by its missing process', () => {
    const log = new SessionLog();
    log.read(`${begin(10)}[10:00:00] <10> Database backend is exceedingly busy\n${begin(11)}`);
    log.keep([11]);
    assert.deepEqual([...log.open.keys()], [11]);
  });

  test('names with " from " count for the peer behind the last one', () => {
    const log = new SessionLog();
    log.read(update(10, '/srv/letter from web9.', 'web2'));
    assert.deepEqual([...log.received], [['web2', 1]]);
  });

  test('lines without -t and lines of the server itself', () => {
    const log = new SessionLog();
    log.read('Csync2 daemon running. Waiting for connections.\n<12> New connection from ::1:5000.\n');
    assert.deepEqual(shown(log), [[12, '::1', 0]]);
    log.read('<12> Connection closed.\n');
    assert.equal(log.open.size, 0);
  });

  test('half a line of a log that was truncated does not join the next one', () => {
    const log = new SessionLog();
    log.read('[10:00:00] <10> New conn');
    log.restart();
    log.read(begin(11));
    assert.deepEqual([...log.open.keys()], [11]);
  });

  test('a line without end does not grow the memory, and the line behind it is read', () => {
    const log = new SessionLog();
    for (let piece = 0; piece < 200; piece++) log.read('x'.repeat(64 * 1024));
    log.read(`\n${begin(11)}`);
    assert.deepEqual([...log.open.keys()], [11]);
  });

  test('two sessions write at once: csync2 writes a line in pieces, and none of what came in is lost', () => {
    const log = new SessionLog();
    log.read(begin(10) + begin(11));
    log.read('[10:00:00] [10:00:00] <10> <11> Updated /a from web2.\nUpdated /b from web3.\n');
    log.read('[10:00:00] <10> [10:00:00] Updated /c from web2.\n<11> Updated /d from web3.\n');
    assert.deepEqual(
      [...log.received],
      [
        ['web2', 2],
        ['web3', 2],
      ],
    );
  });
});
