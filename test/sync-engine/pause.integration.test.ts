import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { VerifyReply } from '#src/observe/control-replies.js';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
const flags = ['--peer-timeout', '2'];

async function run(node: ClusterNode, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await node.command(...words);
  assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

function untilPending(
  cluster: Cluster,
  node: ClusterNode,
  peer: string,
  count: number,
): Promise<void> {
  return cluster.until(
    `${count} files to be pending for ${peer}`,
    async () => (await node.peer(peer))?.pending === count,
  );
}

test(
  'to a paused peer nothing is sent, over a crash and a reload, until it is resumed',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { nodes: 3, flags });
    const [first, second, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    const from = first.logEnd;
    assert.equal(await run(first, 'pause', 'node3'), 'paused: node3\n');
    assert.equal(await run(first, 'pause', 'node3', 'node3'), 'already paused: node3\n');
    first.write('one', 'text');
    await run(first, 'flush', '--peer', 'node2');
    assert.equal(second.read('one'), 'text');
    await untilPending(cluster, first, 'node3', 1);

    const status = await first.command('status');
    assert.equal(status.code, 0, 'a pause is no problem');
    assert.match(
      status.stdout,
      /^ {2}node3: paused since \d{4}-\d\d-\d\d \d\d:\d\d, 1 file pending \(to resume: inotify-csync resume node3\); sent 0/m,
    );
    assert.equal((await first.peer('node3'))?.health, 'paused');
    const metrics = await run(first, 'metrics');
    assert.match(metrics, /^inotify_csync_peer_paused\{peer="node3"\} 1$/m);
    assert.match(metrics, /^inotify_csync_peer_paused\{peer="node2"\} 0$/m);
    assert.doesNotMatch(metrics, /^inotify_csync_peer_up\{peer="node3"\}/m);
    await refusals(first);

    // What a paused peer sends is received.
    third.write('from-the-third', 'text');
    await cluster.untilRead(first, 'from-the-third', 'text');

    await first.crash();
    first.start();
    await cluster.untilWorking(first);
    first.write('two', 'text');
    await run(first, 'reload');
    first.write('three', 'text');
    await run(first, 'flush', '--peer', 'node2', '--wait=90s');
    await untilPending(cluster, first, 'node3', 3);
    for (const name of ['one', 'two', 'three']) assert.equal(third.read(name), undefined, name);
    assert.deepEqual(first.logged(/node3: [\d,]+ files? sent/, from), []);
    assert.match(first.log(), /updates node2, node3 \(paused\)/);

    assert.equal(await run(first, 'resume'), 'resumed: node3; not paused: node2\n');
    await run(first, 'flush', '--wait=90s');
    for (const name of ['one', 'two', 'three']) assert.equal(third.read(name), 'text', name);
    assert.equal(
      await run(first, 'resume', 'node3', '--json'),
      '{"resumed":[],"not_paused":["node3"]}\n',
    );
    const states = (await run(first, 'events', '--peer', 'node3', '--json'))
      .split('\n')
      .flatMap((line) => /"state":"(resumed|paused)"/.exec(line)?.[1] ?? []);
    assert.deepEqual(states, ['resumed'], 'the crash has ended the events before');
    await cluster.untilEqual();
  },
);

/** What needs node3 to be sent to says at once why it cannot be done. */
async function refusals(first: ClusterNode): Promise<void> {
  for (const words of [
    ['flush', '--wait=10m'],
    ['flush', '--peer', 'node3', '--wait=10m'],
    ['retry', 'node3'],
  ]) {
    const { code, stderr } = await first.command(...words);
    assert.equal(code, 75, words.join(' '));
    assert.match(stderr, /node3 is paused since .*\n {2}resume: inotify-csync resume node3$/m);
  }
  assert.equal(await run(first, 'retry'), 'tried again now: node2; paused, so not tried: node3\n');
  const repair = await first.command('verify', 'node3', '--repair', '--json');
  const [repaired] = (JSON.parse(repair.stdout) as VerifyReply).peers;
  assert.equal(repair.code, 75);
  assert.match(repaired?.error ?? '', /^it is paused since /);
  for (const words of [
    ['pause', 'node33'],
    ['resume', 'node2', 'node33'],
  ]) {
    const unknown = await first.command(...words);
    assert.equal(unknown.code, 64);
    assert.match(
      unknown.stderr,
      /node33 is not a peer.*\n {2}did you mean node3\? peers are: node2, node3$/m,
    );
  }
  assert.equal((await first.peer('node2'))?.health, 'ok', 'nothing has changed');
}

test('a flush that waits ends when a peer is paused', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { flags });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  await cluster.cut(second);
  first.write('file', 'text');
  const flush = first.command('flush', '--wait=10m');
  await untilPending(cluster, first, 'node2', 1);
  await run(first, 'pause');
  const { code, stderr } = await flush;
  assert.deepEqual([code, /node2 is paused since/.test(stderr)], [75, true]);
  await cluster.until(
    'it to be no failing peer',
    async () => (await first.peer('node2'))?.health === 'paused',
  );
  await cluster.heal(second);
  await run(first, 'resume');
  await run(first, 'flush', '--wait=90s');
  assert.equal(second.read('file'), 'text');
});

test('a pause returns when nothing is on its way any more', { skip }, async (context) => {
  for (const more of [[], ['--private-databases', 'false']]) await endsUpdates(context, more);
});

/** A push that would take minutes is ended; what it had not sent is sent on resume. */
async function endsUpdates(context: TestContext, more: readonly string[]): Promise<void> {
  const cluster = await Cluster.started(context, { flags: ['--peer-timeout', '60', ...more] });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  await cluster.drip(second);
  first.write(
    'large',
    Buffer.from(Array.from({ length: 200_000 }, () => Math.random() * 256)).toString('hex'),
  );
  await cluster.until(
    'it to be on its way',
    async () => (await first.peer('node2'))?.state === 'updating' && first.commandPids.length > 0,
  );
  await run(first, 'pause', 'node2');
  const paused = await first.peer('node2');
  assert.deepEqual([paused?.state, first.commandPids], ['paused', []]);
  first.write('small', 'text');
  await untilPending(cluster, first, 'node2', 2);
  assert.deepEqual(first.commandPids, []);
  await cluster.dripNoMore(second);
  await run(first, 'resume', 'node2');
  await cluster.untilEqual();
  await cluster.untilQuiet();
}

test(
  'a new peer is compared with when it is resumed; one that leaves csync2.cfg is paused no longer',
  { skip },
  async (context) => {
    const options = { nodes: 3, members: 2, flags };
    const cluster = await Cluster.started(context, options, (made) =>
      made.node(1).write('old', 'text'),
    );
    const [first, second, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    const list = () => readFileSync(join(cluster.folder, 'node1', 'queue.log.paused'), 'utf8');
    const configure = async (members: readonly ClusterNode[]) => {
      for (const node of cluster.nodes) node.configure(cluster.configuration(members));
      await run(first, 'reload');
    };
    await configure(cluster.nodes);
    await cluster.until('it to be new', async () => (await first.peer('node3'))?.health === 'new');
    await run(first, 'pause', 'node3');
    await third.csync2('-cIr', '/');
    third.start();
    await cluster.untilWorking(third);
    await first.stop();
    first.start();
    await cluster.untilWorking(first);
    first.write('young', 'text');
    await run(first, 'flush', '--peer', 'node2', '--wait=90s');
    await untilPending(cluster, first, 'node3', 1);
    assert.deepEqual(first.logged(/node3 is new: initial comparison done/), []);
    assert.equal((await first.peer('node3'))?.health, 'paused');
    await run(first, 'resume', 'node3');
    await cluster.until('all to be there', () =>
      ['old', 'young'].every((name) => third.read(name) === 'text'),
    );

    await run(first, 'pause');
    assert.match(list(), /node3/);
    await configure([first, second]);
    assert.match(list(), /^\[\["node2",\d+\]\]\n$/);
    await configure(cluster.nodes);
    const healths = (await first.status())?.peers.map(({ name, health }) => [
      name,
      health === 'paused',
    ]);
    assert.deepEqual(healths, [
      ['node2', true],
      ['node3', false],
    ]);
  },
);
