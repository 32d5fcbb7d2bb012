import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Message } from '#src/csync2/run/message.js';
import { SessionLog } from '#src/csync2/server-log/session-log.js';

let clock = 0;
const say = (pid: number, text: string, kind: Message['kind'] = 'said'): Message => ({
  at: ++clock,
  pid,
  kind,
  text,
});
const begin = (pid: number, from = '127.0.0.2') => [
  say(pid, 'TIMESTAMP: 2026-11-22 10:00:00 UTC (GMT+0000)', 'bare'),
  say(pid, `New connection from ${from}:4711.`),
];
const update = (pid: number, path: string, peer = 'web2') => [
  say(pid, `Updated ${path} from ${peer}.`),
];
const end = (pid: number) => [
  say(pid, 'Connection closed.'),
  say(pid, 'Finished with 0 errors.'),
  say(pid, 'TOTALTIME: 0:00:01', 'bare'),
];
const shown = (log: SessionLog) =>
  [...log.open].map(([pid, { from, received }]) => [pid, from, received.length]);
const namesOf = (log: SessionLog) =>
  log.takeBroken().map(({ received }) => received.map(({ name }) => name));

describe('session log', () => {
  test('a session opens with its connection and closes with its end', () => {
    const log = new SessionLog();
    log.read(begin(10));
    assert.deepEqual(shown(log), [[10, '127.0.0.2', 0]]);
    log.read([...update(10, '/srv/a'), ...update(10, '/srv/b')]);
    assert.deepEqual(shown(log), [[10, '127.0.0.2', 2]]);
    log.read(end(10));
    assert.equal(log.open.size, 0);
    assert.deepEqual([...log.received], [['web2', 2]]);
  });

  test('a session that has neither received nor marked anything has looked', () => {
    const log = new SessionLog();
    const looked: (string | undefined)[] = [];
    log.onLooked = (peer) => looked.push(peer);
    log.read([...begin(10), ...end(10)]);
    log.read([...begin(11), ...update(11, '/srv/a'), ...end(11)]);
    log.read([...begin(12), say(12, 'Marking file as dirty: /srv/b'), ...end(12)]);
    assert.deepEqual(looked, [undefined]);
    log.read([...begin(13), ...end(13)]);
    assert.deepEqual(looked, [undefined, 'web2']);
  });

  test('only what csync2 itself has said last tells of an impasse', () => {
    const log = new SessionLog();
    const isAtImpasse = () => log.open.get(10)?.isAtImpasse;
    const impasse = "I/O Error 'Directory not empty' in rsync-sig: /srv/a";
    log.read([...begin(10), ...update(10, impasse)]);
    assert.equal(isAtImpasse(), false, 'a name');
    log.read([say(10, impasse, 'bare')]);
    assert.equal(isAtImpasse(), false, 'a piece of something longer');
    log.read([say(10, impasse)]);
    assert.equal(isAtImpasse(), true);
    log.read(update(10, '/srv/b'));
    assert.equal(isAtImpasse(), false, 'it has gone on');
  });

  test('a file that a session could not note is in its place all the same', () => {
    const log = new SessionLog();
    const failed = (what: string, statement: string) =>
      `Database Error: ${what} [1]: database or disk is full on executing ${statement}`;
    const full = (name: string) =>
      failed(
        'Insert record to file db',
        `INSERT INTO file (filename, checktxt) values ('${name}', 'v1%3A')`,
      );
    log.read([...begin(10), ...update(10, '/srv/a'), say(10, full('/srv/b%27%20c'))]);
    log.read([...begin(11), ...update(11, full('/srv/x'))]);
    const statements = [
      failed(
        'Removing file from dirty db',
        "delete from dirty where filename = '/1' and peername = 'web2'",
      ),
      failed('Removing file from file db', "delete from file where filename = '/2'"),
      failed('Deleting old record from file db', "DELETE FROM file WHERE filename = '/3'"),
      // Before it has received anything.
      failed('Removing file from dirty db', "delete from dirty where filename ='/4'"),
      failed('Removing file from dirty db', "delete from dirty where filename = '/5'"),
    ];
    log.read(
      statements.flatMap((statement, index) => [...begin(20 + index), say(20 + index, statement)]),
    );
    log.keep([11], 100);
    assert.deepEqual(namesOf(log), [['/srv/a', "/srv/b' c"], ['/1'], ['/2'], ['/3']]);
    assert.equal(log.reception("/srv/b' c")?.peer, 'web2');
    assert.equal(log.reception('/srv/x'), undefined, 'a name that looks like it');
  });

  test('a file is in work until its session goes on to the next, or ends', () => {
    const log = new SessionLog();
    log.read([...begin(10), ...update(10, '/a')]);
    assert.deepEqual(log.reception('/a')?.until, undefined);
    const next = update(10, '/b');
    log.read([say(10, 'Marking file as dirty: /a'), ...next]);
    assert.deepEqual(
      [log.reception('/a')?.until, log.reception('/a')?.ending, log.reception('/b')?.until],
      [next[0]?.at, 'next', undefined],
    );
    const last = end(10);
    log.read(last);
    assert.deepEqual(
      [log.reception('/b')?.until, log.reception('/b')?.ending],
      [last[0]?.at, 'closed'],
    );
  });

  test('of an earlier log the files are known, and nobody is counted', () => {
    const log = new SessionLog();
    log.recall([...begin(10), ...update(10, '/a'), ...begin(11), ...update(11, '/b'), ...end(10)]);
    log.keep([], ++clock);
    assert.deepEqual(
      ['/a', '/b', '/c'].map((name) => log.reception(name)?.ending),
      ['closed', 'broken', undefined],
    );
    assert.equal(log.open.size, 0);
    assert.equal(log.received.size, 0);
  });

  test('sessions overlap: the end of one says nothing of the other', () => {
    const log = new SessionLog();
    log.read([...begin(10), ...begin(11, '127.0.0.3'), ...end(11)]);
    assert.deepEqual([...log.open.keys()], [10]);
    log.read(end(10));
    assert.equal(log.open.size, 0);
  });

  test('once closed, a session is not opened again by its own last messages', () => {
    const log = new SessionLog();
    log.read(begin(10));
    for (const message of end(10)) {
      log.read([message]);
      assert.equal(log.open.size, 0, `open after: ${message.text}`);
    }
  });

  test('a session whose process is gone without a last word is broken, with its files in their order', () => {
    const log = new SessionLog();
    log.read([...begin(10), ...update(10, '/a'), ...update(10, '/b'), ...begin(11)]);
    log.keep([11], 5000);
    assert.deepEqual(
      log.takeBroken().map(({ received, endedAt }) => [received.map(({ name }) => name), endedAt]),
      [[['/a', '/b'], 5000]],
    );
    assert.deepEqual(log.takeBroken(), []);
    log.read([...update(11, '/c'), ...end(11)]);
    log.keep([], 6000);
    assert.deepEqual(log.takeBroken(), [], 'one that ended in order');
  });

  test('the same pid again: the session before was broken off, the next is another', () => {
    const log = new SessionLog();
    log.read([...begin(10), ...update(10, '/a'), ...begin(10, '127.0.0.3')]);
    assert.deepEqual(namesOf(log), [['/a']]);
    assert.deepEqual(shown(log), [[10, '127.0.0.3', 0]]);
    log.read([...end(10), ...begin(10)]);
    assert.deepEqual(namesOf(log), []);
    assert.deepEqual(shown(log), [[10, '127.0.0.2', 0]]);
  });

  test('a session that died of a fatal error is ended by its missing process', () => {
    const log = new SessionLog();
    log.read([...begin(10), say(10, 'Database backend is exceedingly busy'), ...begin(11)]);
    log.keep([11], ++clock);
    assert.deepEqual([...log.open.keys()], [11]);
  });

  test('tells of each file that is received, with its peer and the time', () => {
    const log = new SessionLog();
    const told: unknown[] = [];
    log.onReceived = (...reception) => void told.push(reception);
    log.read([...begin(10), ...update(10, '/a from web9.\n', 'web2')]);
    assert.deepEqual(told, [['/a from web9.\n', 'web2', clock]]);
  });

  test('names with " from " count for the peer behind the last one', () => {
    const log = new SessionLog();
    log.read(update(10, '/srv/letter from web9.', 'web2'));
    assert.deepEqual([...log.received], [['web2', 1]]);
  });

  test('a process without a message is a session', () => {
    const log = new SessionLog();
    log.keep([12], ++clock);
    assert.deepEqual(shown(log), [[12, 'unknown', 0]]);
  });

  test('who writes the log for which server', () => {
    const log = new SessionLog();
    log.read([say(20, 'keeper for 19', 'keeper'), say(30, 'keeper for 29', 'keeper')]);
    log.forgetKeeper(19);
    assert.deepEqual([...log.keepers], [[29, 30]]);
    log.read([say(10, 'keeper for 5')]);
    assert.equal(log.keepers.size, 1, 'only the launcher says so');
  });

  // What follows the name, and what a name may hold: nothing of it may count.
  const forged = [
    'Connection closed.',
    'TOTALTIME: 0:00:01',
    'New connection from 10.0.0.9:1.',
    'Updated /victim from web9.',
    'keeper for 1',
    '2026-11-26T10:00:00.000Z <10> Updated /victim from web9.',
  ];
  for (const text of forged) {
    for (const name of [text, `/x\n${text}`, `/x\n${text}\n`, `/x from web9.\n${text}`]) {
      test(`a name counts for nothing but a name: ${JSON.stringify(name)}`, () => {
        const log = new SessionLog();
        log.read([...begin(10), say(10, `Marking file as dirty: ${name}`), ...update(10, name)]);
        assert.deepEqual(shown(log), [[10, '127.0.0.2', 1]]);
        assert.deepEqual([...log.received], [['web2', 1]]);
        assert.equal(log.reception('/victim'), undefined);
        assert.equal(log.open.get(10)?.received[0]?.name, name);
        assert.equal(log.keepers.size, 0);
      });
    }
  }
});
