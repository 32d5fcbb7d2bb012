import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Runner } from '#src/csync2/run/runner.js';
import { Checker } from '#src/sync/check/checker.js';
import { Mutex } from '#src/sync/common/mutex.js';
import { CheckJournal } from '#src/sync/database/check-journal.js';
import { DatabaseWindow } from '#src/sync/database/database-window.js';
import type { PushReport } from '#src/sync/push/lane.js';
import { PeerLane } from '#src/sync/push/peer-lane.js';
import { checkerKnowledge } from '../../support/checker-parts.js';
import { type CsyncNode, makeCluster, until } from '../../support/csync2-cluster.js';
import { seededRandom } from '../../support/csync2-random.js';

describe('a lane with the real csync2', () => {
  test('everything arrives at both peers at once, and the lanes rest', async (context) => {
    const { a, peers, side } = await setUp(context, 3);
    for (let index = 0; index < 700; index++)
      a.write(`d${index % 7}/f${index}`, `content ${index}`);
    await side.check('tree', Buffer.from(a.root));
    for (const lane of side.lanes) lane.wake();
    await side.rest();
    assert.deepEqual(side.errors, []);
    for (const [index, peer] of peers.entries()) {
      assert.deepEqual(a.pendingFor(peer), []);
      assert.deepEqual(contents(peer), contents(a));
      const { state, reason, sent } = side.lanes[index]?.status() ?? {};
      assert.deepEqual([state, reason], ['idle', undefined]);
      assert.ok((sent ?? 0) >= 700);
    }
  });

  test('a deleted tree goes, whatever is in the slice', async (context) => {
    const { a, peers, side } = await setUp(context, 2);
    const [b] = peers as [CsyncNode];
    for (let index = 0; index < 400; index++) a.write(`t/d${index % 9}/f${index}`, '');
    await side.all();
    rmSync(join(a.root, 't'), { recursive: true });
    a.write('new', '');
    await side.all();
    assert.deepEqual(side.errors, []);
    assert.deepEqual(contents(b), contents(a));
    assert.deepEqual(a.pendingFor(b), []);
  });

  for (const kind of ['file', 'tree'] as const) {
    test(`a directory replaced by a file of its name, reported as a ${kind}`, async (context) => {
      const { a, peers, side } = await setUp(context, 2);
      const [b] = peers as [CsyncNode];
      for (const name of ['t/1', 't/u/2']) a.write(name, '');
      await side.all();
      rmSync(join(a.root, 't'), { recursive: true });
      a.write('t', 'a file now');
      await side.check(kind, a.path('t'));
      side.lanes[0]?.wake();
      await until(() => a.ledger.pending.count(b.name) === 0, 'all to be sent', 20);
      assert.deepEqual(contents(b), contents(a));
    });
  }

  test('a peer that is down: the other has everything, the lane says why, and sends all when it is back', async (context) => {
    const { a, peers, side } = await setUp(context, 3);
    const [b, c] = peers as [CsyncNode, CsyncNode];
    await b.stopServer();
    for (let index = 0; index < 20; index++) a.write(`f${index}`, '');
    await side.check('tree', Buffer.from(a.root));
    for (const lane of side.lanes) lane.wake();
    await until(() => a.ledger.pending.count(c.name) === 0, 'the peer that is up');
    await until(() => side.lanes[0]?.status().state === 'waiting', 'the lane to wait');
    assert.equal(side.lanes[0]?.status().reason, 'unreachable');
    assert.equal(a.ledger.pending.count(b.name), a.pendingFor(b).length);
    assert.ok(a.pendingFor(b).length >= 20);
    await b.startServer();
    await until(() => a.ledger.pending.count(b.name) === 0, 'the lane to come back by itself');
    await side.rest();
    assert.deepEqual(contents(b), contents(a));
    assert.equal(side.lanes[0]?.status().reason, undefined);
  });

  test('a peer that hangs: stalled, nothing lost, the other undisturbed', async (context) => {
    const { a, peers, side } = await setUp(context, 3);
    const [b, c] = peers as [CsyncNode, CsyncNode];
    b.freeze('SIGSTOP');
    a.write('file', 'text');
    await side.check('file', a.path('file'));
    for (const lane of side.lanes) lane.wake();
    await until(() => c.read('file') === 'text', 'the peer that is up');
    await until(() => side.lanes[0]?.status().state === 'waiting', 'the stall to be noticed');
    assert.equal(side.lanes[0]?.status().reason, 'stalled');
    assert.ok(a.pendingFor(b).includes('/file'));
    b.freeze('SIGCONT');
    side.lanes[0]?.retry();
    await until(() => a.ledger.pending.count(b.name) === 0, 'the rest');
    assert.equal(b.read('file'), 'text');
  });

  test('a directory that holds foreign files on the peer: the rest arrives, the directory is on hold', async (context) => {
    const { a, peers, side } = await setUp(context, 2);
    const [b] = peers as [CsyncNode];
    for (const name of ['t/1', 'u/2']) a.write(name, '');
    await side.all();
    b.write('t/foreign', 'not ours');
    rmSync(join(a.root, 't'), { recursive: true });
    a.write('later', 'x');
    await side.check('tree', Buffer.from(a.root));
    side.lanes[0]?.wake();
    await until(() => side.lanes[0]?.status().onHold.length === 1, 'the directory to be on hold');
    assert.deepEqual(a.pendingFor(b), ['/t']);
    assert.deepEqual(
      [b.read('later'), b.read('t/1'), b.read('t/foreign')],
      ['x', undefined, 'not ours'],
    );
    rmSync(join(b.root, 't/foreign'));
    side.lanes[0]?.retry();
    await until(() => a.ledger.pending.count(b.name) === 0, 'the directory to go');
    assert.throws(() => statSync(join(b.root, 't')));
  });

  test('csync2 killed in the middle of its pushes: nothing is lost', async (context) => {
    const { a, peers, side } = await setUp(context, 2);
    const [b] = peers as [CsyncNode];
    for (let index = 0; index < 1500; index++) a.write(`d${index % 5}/f${index}`, `text ${index}`);
    await side.check('tree', Buffer.from(a.root));
    side.lanes[0]?.wake();
    for (let kill = 0; kill < 4; kill++) {
      const before = countFiles(b);
      await until(
        () => pushOf(b) !== undefined && countFiles(b) > before + 20,
        'a push to be under way',
      );
      const pid = pushOf(b);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await until(
        () => side.reports.some((report) => report.outcome === 'failed') || pushOf(b) === undefined,
        'its end',
      );
      side.lanes[0]?.retry();
    }
    await until(() => {
      side.lanes[0]?.retry();
      return a.ledger.pending.count(b.name) === 0;
    }, 'all to be sent');
    await side.rest();
    assert.deepEqual(contents(b), contents(a));
  });

  test('changes, checks and pushes at the same time: in the end both sides are equal', async (context) => {
    const random = seededRandom(context);
    const { a, peers, side } = await setUp(context, 2);
    const [b] = peers as [CsyncNode];
    const names = () => `d${random.below(3)}/${random.pick(['a', 'b', 'c', 'x y', '%20', "q'"])}`;
    for (let round = 0; round < 60; round++) {
      const touched = new Set<string>();
      const trees = new Set<string>();
      for (let change = 0; change < 1 + random.below(5); change++) {
        const name = names();
        switch (random.below(6)) {
          case 0:
            rmSync(join(a.root, name), { force: true, recursive: true });
            touched.add(name);
            break;
          case 1: {
            const directory = name.slice(0, name.indexOf('/'));
            rmSync(join(a.root, directory), { force: true, recursive: true });
            trees.add(directory);
            break;
          }
          case 2: {
            const other = names();
            try {
              renameSync(join(a.root, name), join(a.root, other));
              touched.add(name).add(other);
            } catch {
              // The one is not there, or the other's directory is not.
            }
            break;
          }
          default:
            if (!exists(join(a.root, name, '..'))) trees.add(name.slice(0, name.indexOf('/')));
            a.write(name, String(random.below(10)).repeat(random.below(3) + 1));
            touched.add(name);
        }
      }
      await side.checkAll(
        [...touched].map((name) => a.path(name)),
        [...trees].map((name) => a.path(name)),
      );
      side.lanes[0]?.wake();
      if (random.below(4) === 0) await side.rest();
    }
    await until(
      () => a.ledger.pending.count(b.name) === 0 && side.lanes[0]?.status().state === 'idle',
      'all to be sent',
    );
    await side.rest();
    assert.deepEqual(side.errors, []);
    assert.deepEqual(contents(b), contents(a));
  });

  test('one peer after another: the turn is kept, and everything arrives', async (context) => {
    const { a, peers, side } = await setUp(context, 3, { serial: true });
    let most = 0;
    const watching = setInterval(() => {
      most = Math.max(most, peers.filter((peer) => pushOf(peer) !== undefined).length);
    }, 1);
    for (let index = 0; index < 200; index++) a.write(`f${index}`, '');
    await side.all();
    clearInterval(watching);
    assert.ok(most <= 1, `${most} pushes at a time`);
    for (const peer of peers) assert.deepEqual(a.pendingFor(peer), []);
  });
});

/** A node with a checker and a lane to each of its peers, whose servers run. */
async function setUp(
  context: Parameters<typeof makeCluster>[0],
  nodes: number,
  options: { serial?: boolean } = {},
) {
  const [a, ...peers] = (await makeCluster(context, { nodes })) as [CsyncNode, ...CsyncNode[]];
  for (const peer of peers) await peer.startServer();
  const runner = new Runner(a.instance);
  const journal = new CheckJournal();
  const window = new DatabaseWindow({ quiet: async () => true }, undefined, 1);
  const errors: string[] = [];
  const reports: PushReport[] = [];
  const turn = new Mutex();
  const lanes = peers.map(
    (peer) =>
      new PeerLane({
        peer: peer.name,
        myName: a.name,
        runner,
        ledger: a.ledger,
        journal,
        window,
        prefixes: a.prefixes,
        directory: join(a.systemDirectory, 'lanes'),
        databaseName: `${a.name}.db3`,
        stallSeconds: 1,
        ...(options.serial ? { turn } : {}),
        isHeld: () => false,
        lookAtRoots: () => {},
        onPush: (report) => reports.push(report),
        onError: (where, error) => errors.push(`${where}: ${error}`),
      }),
  );
  context.after(async () => {
    for (const lane of lanes) await lane.stop();
  });
  const checker = new Checker({
    ...checkerKnowledge(a),
    runner,
    journal,
    window,
  });
  const checkAll = async (files: Buffer[], trees: Buffer[]) => {
    const signal = new AbortController().signal;
    const report = await checker.check(
      { files, trees, covered: [], trusted: new Set<string>() },
      { waits: true, signal },
    );
    assert.deepEqual(report.failed, []);
  };
  const side = {
    lanes,
    errors,
    reports,
    checkAll,
    check: (kind: 'file' | 'tree', path: Buffer) =>
      kind === 'file' ? checkAll([path], []) : checkAll([], [path]),
    async rest() {
      for (const lane of lanes) await lane.rest();
    },
    /** Checks the whole tree and sends all. */
    async all() {
      await checkAll([], [Buffer.from(a.root)]);
      for (const lane of lanes) lane.wake();
      await until(
        () => peers.every((peer) => a.ledger.pending.count(peer.name) === 0),
        'all to be sent',
      );
      await side.rest();
    },
  };
  return { a, peers, side };
}

/** What is in a tree: directories, and files with their text. */
function contents(node: CsyncNode): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(node.root, { recursive: true, withFileTypes: true })) {
    // What csync2 leaves behind when it is killed.
    if (/^\..*\.[A-Za-z0-9]{6}$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    found[path.slice(node.root.length)] = entry.isDirectory() ? '/' : readFileSync(path, 'utf8');
  }
  return found;
}

function countFiles(node: CsyncNode): number {
  return readdirSync(node.root, { recursive: true }).length;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Our own child that pushes to a peer. */
function pushOf(peer: CsyncNode): number | undefined {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1');
  return children
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .find((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        return (
          words[0] === 'csync2' &&
          words.includes('-u') &&
          words[words.indexOf('-P') + 1] === peer.name
        );
      } catch {
        return false;
      }
    });
}
