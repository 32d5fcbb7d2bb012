import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reception } from '#src/csync2/server-log/session-log.js';
import type { OpenSession } from '#src/csync2/sessions/activity.js';
import { type ArrivalFacts, isArrivingWithin, judgeArrival } from '#src/sync/arrivals/arrival.js';
import type { FileStamp } from '#src/sync/memory/file-stamp.js';

const path = Buffer.from('/t/file');
const lookedAt = 1_000_000_000;

/**
 * A file whose inode changed so many milliseconds before the look, with a time in whole seconds or
 * not.
 */
const changed = (before: number, isWhole = true, type: FileStamp['type'] = 'file'): FileStamp => ({
  type,
  inode: 1n,
  size: 1n,
  mtimeNs: isWhole ? 5_000_000_000n : 5_000_000_001n,
  ctimeNs: BigInt(lookedAt - before) * 1_000_000n,
});
const reception = (rest: Partial<Reception> = {}): Reception => ({
  name: '/t/file',
  peer: 'web2',
  since: lookedAt - 500,
  ...rest,
});
const session = (rest: Partial<OpenSession> = {}): OpenSession => ({
  pid: 1,
  saidAt: lookedAt - 10_000,
  current: undefined,
  phase: 'working',
  isWaiting: false,
  openFiles: [],
  idleFor: 0,
  ...rest,
});
const judge = (stamp: FileStamp, facts: Partial<ArrivalFacts> = {}) =>
  judgeArrival(path, stamp, {
    reception: undefined,
    sessions: [],
    lookedAt,
    account: () => 'unknown',
    moved: undefined,
    timeSetAt: undefined,
    ...facts,
  }).arrival;

describe('a changed file and the sessions', () => {
  test('without a session, and never received, it is local', () => {
    assert.equal(judge(changed(100)), 'local');
  });

  test('as its session left it, it is received; changed since, it is local, whatever its time', () => {
    const done = reception({ since: lookedAt - 1500, until: lookedAt - 1400, ending: 'closed' });
    assert.equal(judge(changed(1450), { reception: done }), 'received');
    assert.equal(
      judge(changed(1399), { reception: done }),
      'local',
      'an answer with the time kept',
    );
    assert.equal(
      judge(changed(1399, false), { reception: done }),
      'local',
      'an answer within the second',
    );
  });

  test('another file than the one that its session had moved there is local, whatever events and times say', () => {
    const done = reception({ since: lookedAt - 1500, until: lookedAt - 1400, ending: 'closed' });
    const stamp = changed(1450);
    const moved = { at: lookedAt - 1500, inode: stamp.inode };
    const other = { ...moved, inode: stamp.inode + 1n };
    for (const account of ['unknown', 'accounted', 'known'] as const) {
      const facts = { reception: done, account: () => account };
      assert.equal(judge(stamp, { ...facts, moved: other }), 'local', account);
    }
    assert.equal(judge(stamp, { reception: done, moved }), 'received');
    assert.equal(
      judge(changed(0), { reception: done, moved: other }),
      'arriving',
      'moved there after the look, it may be',
    );
    const longAgo = { ...other, at: lookedAt - 11_000 };
    assert.equal(
      judge(stamp, { reception: done, moved: longAgo }),
      'received',
      'it has been seen to',
    );
  });

  test('changed since, by a session or here: it waits for the events that tell by whom', () => {
    const done = reception({ until: lookedAt - 400, ending: 'next' });
    assert.equal(judge(changed(300), { reception: done }), 'arriving');
    assert.equal(judge(changed(300), { reception: done, account: () => 'accounted' }), 'received');
    assert.equal(judge(changed(300), { reception: done, account: () => 'written' }), 'local');
  });

  test('changed since, by a session that has set its time once more: it is received', () => {
    const done = reception({ since: lookedAt - 1500, until: lookedAt - 1400, ending: 'closed' });
    const facts = { reception: done, timeSetAt: lookedAt - 900 };
    assert.equal(judge(changed(900), facts), 'received');
    assert.equal(judge(changed(905), facts), 'received', 'the clock of inodes is behind');
    assert.equal(judge(changed(899), facts), 'local', 'an answer with the time kept');
    assert.equal(judge(changed(900, false), facts), 'local', 'it sets whole seconds');
    assert.equal(judge(changed(900), { ...facts, account: () => 'written' }), 'local');
    assert.equal(judge(changed(900), { timeSetAt: lookedAt - 900 }), 'local', 'never received');
  });

  test('with more writes than receptions it is local, though its session goes on', () => {
    const current = reception();
    const sessions = [session({ current, saidAt: current.since, isWaiting: true })];
    const done = reception({ until: lookedAt - 400, ending: 'closed' });
    for (const told of ['written', 'known'] as const) {
      const account = () => told;
      for (const isWhole of [true, false]) {
        assert.equal(judge(changed(450, isWhole), { account, reception: done }), 'local');
        assert.equal(
          judge(changed(450, isWhole), { account, reception: current, sessions }),
          'local',
        );
      }
    }
  });

  test('where its receptions account for all writes, later attributes make it no other file', () => {
    const done = reception({ until: lookedAt - 400, ending: 'closed' });
    assert.equal(judge(changed(100), { account: () => 'accounted', reception: done }), 'received');
    assert.equal(
      judge(changed(100, false), { account: () => 'accounted', reception: done }),
      'half-received',
    );
  });

  test('without owner, mode and time behind the end of its session it is half received, for a while', () => {
    const done = reception({ until: lookedAt - 400, ending: 'closed' });
    assert.equal(judge(changed(450, false), { reception: done }), 'half-received');
    assert.equal(judge(changed(450, false, 'link'), { reception: done }), 'received');
    const next = reception({ until: lookedAt - 400, ending: 'next' });
    assert.equal(judge(changed(450, false), { reception: next }), 'local');
    const old = reception({ until: lookedAt - 11_000, ending: 'broken' });
    assert.equal(judge(changed(12_000, false), { reception: old }), 'local');
  });

  test('the file that an open session is at arrives, until its time is set', () => {
    const current = reception();
    const sessions = [session({ current, saidAt: current.since, isWaiting: true })];
    assert.equal(judge(changed(490, false), { reception: current, sessions }), 'arriving');
    assert.equal(judge(changed(490), { reception: current, sessions }), 'received');
    const writing = [
      session({ current, saidAt: current.since, isWaiting: true, phase: 'writing' }),
    ];
    assert.equal(judge(changed(490), { reception: current, sessions: writing }), 'arriving');
    assert.equal(judge(changed(490), { reception: current }), 'arriving', 'its end is on the way');
  });

  test('what a session may have put in its place without saying so is arriving', () => {
    assert.equal(judge(changed(100), { sessions: [session()] }), 'arriving');
    assert.equal(
      judge(changed(100), { sessions: [session({ saidAt: lookedAt - 50 })] }),
      'local',
      'it said another',
    );
    assert.equal(
      judge(changed(100), { sessions: [session({ isWaiting: true })] }),
      'local',
      'it asks for more',
    );
    const large = session({ openFiles: ['/t/.other.aB3xYz'] });
    assert.equal(judge(changed(100), { sessions: [large] }), 'local', 'it is at another file');
    const closing = session({ openFiles: ['/t/.file.aB3xYz (deleted)', '/t/file'] });
    assert.equal(
      judge(changed(100), { sessions: [closing] }),
      'arriving',
      'it has not closed it yet',
    );
    assert.equal(
      judge(changed(-5), { sessions: [session({ isWaiting: true })] }),
      'arriving',
      'it went on since we looked',
    );
  });

  test('a tree in which something arrives', () => {
    const within = (directory: string, sessions: OpenSession[]) =>
      isArrivingWithin(Buffer.from(directory), lookedAt - 100, { sessions, lookedAt }, (name) =>
        Buffer.from(name),
      );
    const large = [session({ openFiles: ['/t/sub/.file.aB3xYz'] })];
    assert.deepEqual(
      ['/', '/t', '/t/sub', '/t/other', '/t/su'].map((directory) => within(directory, large)),
      [true, true, true, false, false],
    );
    const current = [session({ current: reception(), isWaiting: true, saidAt: lookedAt - 10 })];
    assert.deepEqual([within('/t', current), within('/u', current)], [true, false]);
    assert.equal(within('/t', [session({ isWaiting: true })]), false);
  });
});
