import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FlushReply } from '#src/observe/control-replies.js';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { postgresObstacle, startPostgres } from '../support/cluster-postgres.js';
import { seededRandom } from '../support/csync2-random.js';

const skip = clusterObstacle();
const flags = ['--peer-timeout', '2'];

async function flush(
  node: ClusterNode,
  ...words: readonly string[]
): Promise<{ code: number | null; reply: FlushReply }> {
  const { code, stdout } = await node.command('flush', '--json', ...words);
  return { code, reply: JSON.parse(stdout) as FlushReply };
}

test(
  'after each flush the peers have all that was changed before, while changes go on',
  { skip },
  async (context) => {
    await holds(context, await Cluster.started(context, { nodes: 3 }), 5);
  },
);

test('the same on the shared database', { skip }, async (context) => {
  const shared = ['--private-databases', 'false'];
  await holds(context, await Cluster.started(context, { nodes: 3, flags: shared }), 3, false);
});

test(
  'the same on PostgreSQL, where only numbers are known',
  { skip: skip || postgresObstacle() },
  async (context) => {
    const cluster = await Cluster.make(context, { nodes: 3 });
    await startPostgres(context, cluster, cluster.node(1));
    await cluster.initialise();
    for (const node of cluster.nodes) {
      node.start();
      await cluster.untilWorking(node);
    }
    await holds(context, cluster, 3, false);
  },
);

/**
 * Rounds of changes, each followed by a flush and a look at the peers, beside changes of other
 * files.
 */
async function holds(
  context: TestContext,
  cluster: Cluster,
  rounds: number,
  isNoisy = true,
): Promise<void> {
  const [first, ...others] = cluster.nodes as [ClusterNode, ...ClusterNode[]];
  const random = seededRandom(context);
  const names = Array.from({ length: 40 }, (_, index) => `d${index % 5}/f${index}`);
  for (let round = 0; round < rounds; round++) {
    const wanted = new Map<string, string>();
    const change = (text: string) => {
      const name = random.pick(names);
      first.write(name, text);
      wanted.set(name, text);
    };
    for (let count = random.below(60) + 1; count > 0; count--) change(`${round} ${count}`);
    // A directory that nobody watches yet, and one that is moved.
    mkdirSync(first.path(`new${round}/deep`), { recursive: true });
    writeFileSync(first.path(`new${round}/deep/file`), `${round}`);
    renameSync(first.path(`new${round}`), first.path(`moved${round}`));
    wanted.set(`moved${round}/deep/file`, `${round}`);
    const flushed = flush(first, '--wait=5m');
    // What comes later is of no matter, and of other files.
    const noise = setInterval(
      () => isNoisy && first.write(`noise/${random.below(10)}`, `${random.next()}`),
      5,
    );
    const { code, reply } = await flushed.finally(() => clearInterval(noise));
    assert.deepEqual([code, reply.pending], [0, []]);
    for (const peer of others) {
      for (const [name, text] of wanted)
        assert.equal(peer.read(name), text, `round ${round}: ${name}`);
    }
  }
}

test(
  'a peer that is down: 75 with its name when the time is up, 0 for the others',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { nodes: 3, flags });
    const [first, second, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    await cluster.cut(third);
    first.write('file', 'for all');
    const all = await flush(first, '--wait=3s');
    assert.deepEqual([all.code, all.reply.complete], [75, false]);
    assert.deepEqual(
      all.reply.pending.map(({ stage, peer, files }) => ({ stage, peer, files })),
      [{ stage: 'peers', peer: 'node3', files: 1 }],
    );
    assert.match(
      all.reply.pending[0]?.text ?? '',
      /^node3: 1 file pending \((the peer cannot be reached|no progress)/,
    );
    const metrics = await first.command('metrics');
    assert.match(metrics.stdout, /^inotify_csync_peer_pending_files\{peer="node3"\} 1$/m);
    assert.match(
      metrics.stdout,
      /^inotify_csync_csync2_runs_total\{stage="check",result="done"\} [1-9]/m,
    );
    const one = await flush(first, '--peer', 'node2', '--wait');
    assert.equal(one.code, 0);
    assert.equal(second.read('file'), 'for all');
    first.write('elsewhere/file', 'for all');
    const elsewhere = await flush(first, `${cluster.root}/elsewhere`, '--wait=0');
    assert.equal(elsewhere.code, 75);
    const text = await first.command('flush', '--wait', '1s');
    assert.equal(text.code, 75);
    assert.match(text.stdout, /^still pending after 1\.\d+ s:\n {2}node3: 3 files pending/);
    await cluster.heal(third);
    const healed = await flush(first, '--wait=60s');
    assert.equal(healed.code, 0);
    assert.equal(third.read('elsewhere/file'), 'for all');
  },
);

test(
  'what a peer rejects is on hold, and holds up no flush of other paths',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { flags });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    await cluster.cut(second);
    first.write('both', 'one');
    second.write('both', 'another');
    first.write('other/file', 'text');
    await cluster.until(
      'both to be checked',
      async () => (await second.peer('node1'))?.pending === 1,
    );
    await cluster.heal(second);
    await cluster.until('a conflict', async () => (await first.peer('node2'))?.on_hold_count === 1);
    const conflict = await flush(first, '--wait=1s');
    assert.equal(conflict.code, 75);
    assert.match(
      conflict.reply.pending[0]?.text ?? '',
      /^node2: 1 file pending .*both on hold: a file has changed/,
    );
    const other = await flush(first, `${cluster.root}/other`);
    assert.deepEqual([other.code, second.read('other/file')], [0, 'text']);
  },
);

test('what cannot be flushed is refused', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { flags });
  const node = cluster.node(1);
  for (const [words, code, pattern] of [
    [['--peer', 'nobody'], 64, /nobody is not a peer of this host/],
    [['/etc/passwd'], 64, /csync2 synchronises nothing at or below \/etc\/passwd/],
    [['--wait=soon'], 64, /--wait: found "soon"/],
    [['--wait=25h'], 64, /of a day at most/],
    [['--wiat'], 64, /did you mean --wait\?/],
  ] as const) {
    const outcome = await node.command('flush', ...words);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, pattern);
  }
  // A tree that is not there: nothing of it is checked, and nobody knows what has changed.
  renameSync(node.path(), `${node.path()}.away`);
  const away = await flush(node, '--wait=3s');
  assert.equal(away.code, 75);
  assert.match(
    away.reply.pending.map(({ text }) => text).join(),
    /full check is due|is missing|not there/,
  );
  renameSync(`${node.path()}.away`, node.path());
  assert.equal((await flush(node, '--wait=60s')).code, 0);
  const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));
  const folder = dirname(node.systemDirectory);
  const settings = ['--cfg-path', node.systemDirectory, '--queue-file', join(folder, 'queue.log')];
  const report = await node.run(process.execPath, program, 'doctor', '-N', node.name, ...settings);
  assert.match(
    report.stdout,
    /^without a watch +0$/m,
    'the watches of the daemon are those that its trees need',
  );
  assert.ok(!report.stdout.includes('k'.repeat(64)));
  await node.stop();
  assert.equal((await node.command('flush')).code, 3);
  const metrics = await node.command('metrics');
  assert.deepEqual([metrics.code, metrics.stdout.includes('\ninotify_csync_up 0\n')], [3, true]);
});
