import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { Ledger } from '#src/csync2/database/ledger.js';
import { decodeName, encodeName } from '#src/csync2/files/name-encoding.js';
import type { Outcome } from '#src/csync2/run/result.js';
import type { Command, CommandResult, Runner } from '#src/csync2/run/runner.js';
import { CheckJournal } from '#src/sync/database/check-journal.js';
import { DatabaseWindow } from '#src/sync/database/database-window.js';
import { PeerLane } from '#src/sync/push/peer-lane.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe('a lane and a file that the peer does not take', () => {
  test('the others go on, the file is put on hold, reported and tried about once a minute', async (context) => {
    const lane = setUp(context);
    lane.addPending('/conflict', '/a');
    lane.refuse('/conflict');
    await lane.run(2 * minute);
    assert.deepEqual(lane.pending(), ['/conflict']);
    assert.deepEqual(lane.onHold(), ['/conflict']);
    const pushes = lane.pushes();
    await lane.run(hour);
    const tried = lane.pushes() - pushes;
    assert.ok(tried >= 55 && tried <= 130, `tried ${tried} times in an hour`);
  });

  test('a fresh file arrives within two seconds, however long the refused one has been there', async (context) => {
    const lane = setUp(context);
    lane.addPending('/conflict');
    lane.refuse('/conflict');
    for (let round = 0; round < 60; round++) {
      await lane.run(7 * minute + round * second);
      const name = `/fresh${round}`;
      lane.addPending(name);
      lane.wake();
      await lane.run(2 * second);
      assert.ok(
        !lane.pending().includes(name),
        `round ${round}: the lane is ${JSON.stringify(lane.lane.status())}`,
      );
      // Nothing else to send for a long time: the refused file fails alone.
      if (round % 20 === 0) await lane.run(5 * hour);
    }
  });

  test('a fresh file arrives within two seconds, also while the first failures are counted', async (context) => {
    const lane = setUp(context);
    lane.addPending('/conflict');
    lane.refuse('/conflict');
    lane.wake();
    for (let moment = 0; moment < 12; moment++) {
      await lane.run(700);
      const name = `/fresh${moment}`;
      lane.addPending(name);
      lane.wake();
      await lane.run(2 * second);
      assert.ok(
        !lane.pending().includes(name),
        `moment ${moment}: ${JSON.stringify(lane.lane.status())}`,
      );
    }
  });

  test('what csync2 has not come to is sent at once, though it dies of one', async (context) => {
    const lane = setUp(context);
    const names = Array.from({ length: 20 }, (_, index) => `/f${String(index).padStart(2, '0')}`);
    lane.addPending('/a', '/b', ...names);
    lane.break('/b');
    lane.wake();
    await lane.run(100);
    assert.deepEqual(lane.pending(), ['/b']);
    lane.fix('/b');
    await lane.run(minute);
    assert.deepEqual(lane.pending(), []);
  });

  test('a new change of it releases it at once, though SQLite gives its row the same number', async (context) => {
    const lane = setUp(context);
    lane.change('/conflict');
    const [before] = lane.addPending('/conflict');
    lane.refuse('/conflict');
    await lane.run(5 * minute);
    assert.deepEqual(lane.onHold(), ['/conflict']);
    lane.accept('/conflict');
    lane.change('/conflict');
    const [after] = lane.addPending('/conflict');
    assert.equal(after, before, 'the number is reused: this is the case to be tested');
    lane.wake();
    await lane.run(5 * second);
    assert.deepEqual(lane.pending(), []);
  });

  test('resolved from the other side, it is forgotten: the lane sleeps', async (context) => {
    const lane = setUp(context);
    lane.addPending('/conflict');
    lane.refuse('/conflict');
    await lane.run(5 * minute);
    assert.deepEqual(lane.onHold(), ['/conflict']);
    // The winner's push has cleared our row; nobody told the lane.
    lane.clear('/conflict');
    await lane.run(30 * minute);
    const before = lane.looks();
    await lane.run(second, 1);
    assert.ok(
      lane.looks() - before < 5,
      `${lane.looks() - before} looks for work in a second of quiet`,
    );
    assert.deepEqual(lane.onHold(), []);
  });

  test('below a root that is away, it is left alone: the lane sleeps', async (context) => {
    const lane = setUp(context);
    lane.addPending('/conflict');
    lane.refuse('/conflict');
    await lane.run(5 * minute);
    lane.hold(true);
    await lane.run(30 * minute);
    const before = lane.looks();
    await lane.run(second, 1);
    assert.ok(
      lane.looks() - before < 5,
      `${lane.looks() - before} looks for work in a second of quiet`,
    );
  });
});

describe('a lane and a peer that takes nothing', () => {
  for (const outcome of ['unreachable', 'stalled', 'refused', 'failed'] as const) {
    test(`${outcome}: waits with a reason, and all arrives within five minutes of its healing`, async (context) => {
      const lane = setUp(context);
      const names = Array.from({ length: 400 }, (_, index) => `/f${index}`);
      for (const minutes of [1, 11, 14, 17]) {
        lane.addPending(...names);
        lane.refuseAll(outcome);
        await lane.run(minutes * minute);
        assert.equal(lane.pending().length, names.length);
        const { reason, failingSince, onHold } = lane.lane.status();
        // What is refused is told of each file, what nobody answers of the peer.
        if (reason === undefined) assert.ok(onHold.length > 0, 'nothing tells what is wrong');
        else assert.ok(reason === outcome || reason === 'refused', reason);
        assert.ok(reason === undefined || failingSince !== undefined);
        lane.acceptAll();
        await lane.run(5 * minute + second);
        assert.equal(lane.pending().length, 0, `down for ${minutes} minutes`);
        assert.equal(lane.lane.status().reason, undefined);
      }
    });
  }

  test('a peer that refuses every file, as one with another key does, is not asked about each of them', async (context) => {
    const lane = setUp(context);
    lane.addPending(...Array.from({ length: 1000 }, (_, index) => `/f${index}`));
    lane.refuseAll('refused');
    await lane.run(5 * minute);
    assert.ok(lane.pushes() < 100, `${lane.pushes()} runs of csync2 in five minutes`);
  });

  test('a retry sends at once', async (context) => {
    const lane = setUp(context);
    lane.addPending('/a');
    lane.refuseAll('unreachable');
    await lane.run(hour);
    lane.acceptAll();
    lane.lane.retry();
    await lane.run(1);
    assert.deepEqual(lane.pending(), []);
  });

  test('exit code 0 is no proof: what is left is pending, and tried again later', async (context) => {
    const lane = setUp(context);
    lane.addPending('/a');
    lane.refuseAll('done');
    await lane.run(10);
    assert.deepEqual(lane.pending(), ['/a']);
    const pushes = lane.pushes();
    await lane.run(minute);
    assert.ok(lane.pushes() > pushes && lane.pushes() < 10, `${lane.pushes()} pushes in a minute`);
    assert.deepEqual(lane.pending(), ['/a']);
  });

  test('a stop ends it in the middle of a push and of a wait', async (context) => {
    const lane = setUp(context);
    lane.addPending('/a');
    lane.refuseAll('unreachable');
    await lane.run(10);
    await lane.lane.stop();
    assert.equal(lane.lane.status().state, 'stopped');
    const pushes = lane.pushes();
    lane.wake();
    await lane.run(hour);
    assert.equal(lane.pushes(), pushes);
  });

  test('a stop does not wait for a database that somebody keeps locked', async (context) => {
    const lane = setUp(context);
    lane.addPending('/a');
    const unlock = lane.lock();
    lane.wake();
    await lane.run(5 * second);
    let stopped = false;
    void lane.lane.stop().then(() => {
      stopped = true;
    });
    await lane.run(10 * second);
    const inTime = stopped;
    unlock();
    await lane.run(second);
    assert.ok(inTime, 'still trying to merge');
  });
});

describe('a lane and checks that go on meanwhile', () => {
  test('a path that is checked during its push stays pending and is sent again', async (context) => {
    const lane = setUp(context);
    lane.addPending('/a');
    lane.duringNextPush(() => {
      const end = lane.journal.begin([lane.path('/a')], false);
      lane.addPending('/a');
      end();
    });
    lane.wake();
    await lane.run(10);
    assert.deepEqual(lane.pending(), []);
    assert.equal(lane.pushes(), 2);
  });

  test('ten thousand files: a fresh one is in the next slice', async (context) => {
    const lane = setUp(context);
    lane.addPending(...Array.from({ length: 10_000 }, (_, index) => `/old${index}`));
    lane.duringNextPush(() => lane.addPending('/fresh'));
    lane.wake();
    await lane.run(1);
    assert.deepEqual(lane.pending(), []);
    assert.ok(lane.sentIn('/fresh') <= 2, `sent in push ${lane.sentIn('/fresh')}`);
  });
});

test('gone before a push and after it, and sent as it was between: its removal is sent', async (context) => {
  const lane = setUp(context);
  lane.addPending('/a', '/b');
  lane.reappear('/a');
  await lane.run(50);
  assert.deepEqual(lane.pending(), ['/a']);
  await lane.run(second);
  assert.deepEqual(lane.pending(), []);
});

describe('a file that the peer has taken, and a session has marked again', () => {
  test('it is given nothing: it may have a later version from a third host', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.addPending('/a');
    await lane.run(second);
    lane.addPendingForThird('/a');
    lane.markBySession('/a', false);
    await lane.run(second);
    assert.deepEqual(
      [lane.pending(), lane.pushes()],
      [['/a'], 1],
      'the third host is still pending it',
    );
  });

  test('offered by the peer before it had taken ours: that is later, and all get it', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.addPending('/a');
    await lane.run(second);
    lane.change('/a');
    lane.addPending('/a');
    lane.addPendingForThird('/a');
    lane.duringNextPush(() => {
      lane.marked('/a', true);
      context.mock.timers.tick(20);
    });
    lane.wake();
    await lane.run(second);
    assert.deepEqual(
      [lane.pending(), lane.pushes()],
      [['/a'], 2],
      'the peer has it, the third host is still pending it',
    );
    lane.wake();
    await lane.run(second);
    assert.deepEqual(lane.pending(), ['/a'], 'also when that is settled once more');
  });

  test('offered by the peer itself, nobody gets our version any more', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.addPending('/a');
    await lane.run(second);
    lane.addPendingForThird('/a', '/b');
    lane.markBySession('/a', true);
    await lane.run(second);
    assert.deepEqual([lane.pending(), lane.pushes()], [['/b'], 1]);
  });

  test('but for the one that it was made from what it had sent', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.cameFrom('/a', 'web3');
    lane.addPending('/a');
    await lane.run(second);
    lane.addPendingForThird('/a');
    lane.markBySession('/a', true);
    await lane.run(second);
    assert.deepEqual([lane.pending(), lane.pushes()], [['/a'], 1]);
  });

  test('but it does if it has changed here, too: that is a conflict', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.addPending('/a');
    await lane.run(second);
    lane.change('/a');
    lane.addPendingForThird('/a');
    lane.refuse('/a');
    lane.markBySession('/a', true);
    await lane.run(second);
    assert.deepEqual(lane.pending(), ['/a', '/a']);
  });

  test('where somebody wants it forced, it is', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.addPending('/a');
    await lane.run(second);
    lane.addPendingForThird('/a');
    lane.wantForced('/a');
    lane.markBySession('/a', true);
    await lane.run(second);
    assert.deepEqual(lane.pending(), ['/a']);
  });

  test('marked by somebody else, it is pushed', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.addPending('/a');
    await lane.run(second);
    lane.addPending('/a');
    lane.wake();
    await lane.run(second);
    assert.deepEqual([lane.pending(), lane.pushes()], [[], 2]);
  });
});

describe('a file that is as the peer has sent it', () => {
  test('marked by any session, it is pending to nobody that the peer sends it to', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.sentBy('/a', 'web2');
    lane.addPendingForThird('/a', '/b');
    lane.markBySession('/a', false);
    await lane.run(second);
    assert.deepEqual([lane.pending(), lane.pushes()], [['/b'], 0]);
  });

  test('refused as changed on both sides, it is the change of the peer', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.sentBy('/a', 'web2');
    lane.addPending('/a');
    lane.addPendingForThird('/a');
    lane.refuse('/a');
    lane.answer('/a', 'ERROR (also dirty here)');
    await lane.run(second);
    assert.deepEqual([lane.pending(), lane.late()], [[], []]);
  });
});

describe('a file that a third host may have been given in an older version since', () => {
  test('taken by the peer that it came from, it is told', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.cameFrom('/a', 'web2');
    lane.addPending('/a', '/b');
    await lane.run(second);
    assert.deepEqual(lane.late(), ['/a']);
  });

  test('taken after it was refused as changed on both sides, it is told', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.addPending('/a');
    lane.refuse('/a');
    lane.answer('/a', 'ERROR (also dirty here)');
    await lane.run(second);
    assert.deepEqual(lane.late(), []);
    lane.accept('/a');
    await lane.run(10 * second);
    assert.deepEqual([lane.pending(), lane.late()], [[], ['/a']]);
  });

  test('taken because this host was decided to send it, it is told', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.lane.decisions.sendForced(encodeName(lane.path('/a')));
    await lane.run(second);
    assert.deepEqual([lane.pending(), lane.late()], [[], ['/a']]);
  });

  test('it is sent once more if the peer has taken this version, and not if it has changed or is pending anyway', async (context) => {
    const lane = setUp(context);
    lane.change('/a');
    lane.change('/b');
    lane.addPending('/a', '/b');
    await lane.run(second);
    lane.change('/b');
    for (const name of ['/a', '/b', '/c'])
      lane.lane.decisions.sendAgain(encodeName(lane.path(name)));
    await lane.run(second);
    assert.deepEqual([lane.pending(), lane.pushes(), lane.sentIn('/c')], [[], 2, 0]);
  });
});

/**
 * A lane on a real database, with a csync2 that does as the test says and a clock that stands
 * still.
 */
function setUp(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });
  const folder = mkdtempSync(join(tmpdir(), 'peer-lane-test-'));
  const short = (name: string) => name.slice(folder.length);
  const file = join(folder, 'main.db3');
  const main = new Database(file);
  main.pragma('synchronous = OFF');
  main.exec(`CREATE TABLE file (filename, checktxt, UNIQUE (filename) ON CONFLICT REPLACE);
    CREATE TABLE dirty (filename, forced, myname, peername, UNIQUE (filename, peername) ON CONFLICT IGNORE);
    CREATE TABLE x509_cert (peername, certdata, UNIQUE (peername) ON CONFLICT IGNORE);`);
  const ledger = new Ledger(file, []);
  const journal = new CheckJournal();
  const refused = new Set<string>();
  const breaking = new Set<string>();
  const sent: string[][] = [];
  let all: Outcome | undefined;
  let held = false;
  let looks = 0;
  let during: (() => void) | undefined;
  const answers = new Map<string, string>();
  const origins = new Map<string, string>();
  const late: string[] = [];
  const senders = new Map<string, string>();
  const reappear = new Set<string>();

  const run = async ({ database, onMessage }: Command): Promise<CommandResult> => {
    during?.();
    during = undefined;
    const copy = new Database(join(database as string, 'main.db3'));
    const names = copy.prepare('SELECT filename FROM dirty').pluck().all() as string[];
    const isTaken = (name: string) =>
      all === undefined && !refused.has(short(name)) && !breaking.has(short(name));
    const say = (text: string) =>
      onMessage?.({ kind: 'said', text } as Parameters<typeof onMessage>[0]);
    const broken = names.findIndex((name) => breaking.has(short(name)));
    const tried = broken < 0 ? names : names.slice(0, broken + 1);
    for (const name of tried) {
      const isThere = reappear.delete(short(name)) || existsSync(name);
      say(`${isThere ? 'Updating' : 'Deleting'} ${name} on web2 ...`);
      const answer = answers.get(short(name));
      if (answer && !isTaken(name)) say(`response from peer(${name}): web2 [10] <- ${answer}`);
    }
    if (broken < 0) say('Connection closed.');
    const taken = tried.filter(isTaken);
    const remove = copy.prepare('DELETE FROM dirty WHERE filename = ?');
    copy.pragma('synchronous = OFF');
    copy.transaction(() => {
      for (const name of taken) remove.run(name);
    })();
    copy.close();
    sent.push(taken.map(short));
    const crashed = broken < 0 ? undefined : 'crashed';
    const outcome = all ?? crashed ?? (taken.length === names.length ? 'done' : 'refused');
    return {
      exitCode: outcome === 'done' ? 0 : 1,
      signal: undefined,
      said: [],
      stalled: outcome === 'stalled',
      outcome,
      seconds: 0.01,
    };
  };
  const lane = new PeerLane({
    peer: 'web2',
    myName: 'web1',
    runner: { run } as unknown as Runner,
    ledger,
    journal,
    window: new DatabaseWindow({ quiet: async () => true }, undefined, 1),
    prefixes: [],
    directory: join(folder, 'lanes'),
    databaseName: 'main.db3',
    stallSeconds: 10,
    isHeld: () => held,
    lookAtRoots: () => {
      looks++;
    },
    origins: {
      cameFrom: (name) => origins.get(short(name)),
      receivedAt: () => undefined,
      senderOf: (name) => senders.get(short(name)),
      companions: (_encoded, origin) => (origin === 'web3' ? [] : ['web3']),
    },
    onLate: (encoded) => late.push(short(decodeName(encoded).toString())),
    onError: (where, error) => assert.fail(`${where}: ${error}`),
  });
  context.after(async () => {
    await lane.stop();
    ledger.close();
    main.close();
    rmSync(folder, { recursive: true });
  });

  return {
    lane,
    journal,
    wake: () => lane.wake(),
    /** csync2 dies of it. */
    break: (name: string) => breaking.add(name),
    fix: (name: string) => breaking.delete(name),
    /**
     * As csync2 marks: the old row is deleted and a new one made. Returns the numbers of the rows.
     */
    addPending(...names: readonly string[]): number[] {
      return main.transaction(() =>
        names.map((name) => {
          const full = folder + name;
          main.prepare("DELETE FROM dirty WHERE filename = ? AND peername = 'web2'").run(full);
          const insert = main.prepare("INSERT INTO dirty VALUES (?, 0, 'web1', 'web2')");
          const { lastInsertRowid } = insert.run(full);
          return Number(lastInsertRowid);
        }),
      )();
    },
    addPendingForThird(...names: readonly string[]) {
      const insert = main.prepare("INSERT INTO dirty VALUES (?, 0, 'web1', 'web3')");
      for (const name of names) insert.run(folder + name);
    },
    /** As a session of csync2's server does that has refused a file. */
    markBySession(name: string, isOffered: boolean) {
      this.addPending(name);
      this.marked(name, isOffered);
    },
    /** It has found it marked already. */
    marked: (name: string, isOffered: boolean) =>
      lane.marked(encodeName(Buffer.from(folder + name)), isOffered, Date.now()),
    wantForced: (name: string) =>
      main.prepare('UPDATE dirty SET forced = 1 WHERE filename = ?').run(folder + name),
    /** What the peer says when it is asked about a file that it does not take. */
    answer: (name: string, text: string) => answers.set(name, text),
    cameFrom: (name: string, peer: string) => origins.set(name, peer),
    /** And nobody here has touched it since. */
    sentBy(name: string, peer: string) {
      origins.set(name, peer);
      senders.set(name, peer);
    },
    late: () => late,
    clear: (name: string) =>
      main.prepare('DELETE FROM dirty WHERE filename = ?').run(folder + name),
    pending: () =>
      (main.prepare('SELECT filename FROM dirty ORDER BY filename').pluck().all() as string[]).map(
        short,
      ),
    onHold: () => lane.status().onHold.map(({ name }) => short(name.toString())),
    path: (name: string) => Buffer.from(folder + name),
    /** Changes the file on disk; the others are not there, as deleted ones. */
    change: (name: string) => appendFileSync(folder + name, 'x'),
    /** It is there for the moment in which csync2 sends it next. */
    reappear: (name: string) => reappear.add(name),
    refuse: (name: string) => refused.add(name),
    accept: (name: string) => refused.delete(name),
    refuseAll: (outcome: Outcome) => {
      all = outcome;
      lane.wake();
    },
    acceptAll: () => {
      all = undefined;
    },
    hold: (isHeld: boolean) => {
      held = isHeld;
    },
    lock: () => {
      main.exec('BEGIN IMMEDIATE');
      return () => void main.exec('COMMIT');
    },
    duringNextPush: (action: () => void) => {
      during = action;
    },
    pushes: () => sent.length,
    /** The number of the push that took this file, from 1. */
    sentIn: (name: string) => sent.findIndex((names) => names.includes(name)) + 1,
    looks: () => looks,
    /**
     * Lets the lane live for a while, by the clock that stands still, in steps of `step`
     * milliseconds.
     */
    async run(
      milliseconds: number,
      step = Math.max(1, Math.min(500, milliseconds / 10)),
    ): Promise<void> {
      if (sent.length === 0) lane.wake();
      for (let passed = 0; passed < milliseconds; passed += step) {
        await settled();
        // Sleeping for hours takes as many steps as there is something to do.
        const next = lane.status().nextAttemptAt;
        const idle =
          lane.status().state !== 'updating' &&
          milliseconds - passed > minute &&
          next === undefined;
        if (idle) {
          context.mock.timers.tick(10 * second);
          passed += 10 * second - step;
        } else context.mock.timers.tick(step);
      }
      await settled();
    },
  };

  async function settled(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
    // A push needs no time of this clock, a merge that finds the database locked does.
    for (let turn = 0; turn < 200 && lane.status().state === 'updating'; turn++) {
      await new Promise(setImmediate);
    }
  }
}
