import assert from 'node:assert/strict';
import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConflictsReply, ResolveReply } from '#src/observe/control-replies.js';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

async function conflictsOf(node: ClusterNode) {
  const { code, stdout, stderr } = await node.command('conflicts', '--json');
  assert.ok(stdout, stderr);
  return { code, ...(JSON.parse(stdout) as ConflictsReply) };
}

async function resolve(node: ClusterNode, ...words: readonly string[]) {
  const { code, stdout, stderr } = await node.command('resolve', '--json', ...words);
  assert.ok(stdout, stderr);
  return { code, stdout, ...(JSON.parse(stdout) as ResolveReply) };
}

/**
 * Both nodes change something while they can't see each other, until each lists as many conflicts.
 */
async function conflicting(
  context: TestContext,
  prepare: (first: ClusterNode) => void,
  change: (first: ClusterNode, second: ClusterNode) => void,
  expected: number,
): Promise<Cluster> {
  const cluster = await Cluster.started(context, { flags: ['--peer-timeout', '2'] }, (made) => {
    made.node(1).write('other', 'in no conflict');
    prepare(made.node(1));
  });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  await cluster.cut(second);
  change(first, second);
  for (const node of cluster.nodes) {
    await cluster.until(
      `${node.name} to notice`,
      async () => (await node.status())?.peers[0]?.reason != null,
    );
  }
  await cluster.heal(second);
  for (const node of cluster.nodes) {
    await cluster.until(
      `${node.name} to list ${expected}`,
      async () => (await conflictsOf(node)).conflicts.length === expected,
    );
  }
  return cluster;
}

async function untilSettled(cluster: Cluster): Promise<void> {
  await cluster.untilEqual();
  await cluster.untilQuiet();
  for (const node of cluster.nodes) {
    await cluster.until(
      `${node.name} to be healthy`,
      async () => (await node.status())?.health === 'healthy',
    );
    const { code, conflicts } = await conflictsOf(node);
    assert.deepEqual([code, conflicts], [0, []]);
  }
}

test(
  'files are listed with both sides, and decided in both directions',
  { skip },
  async (context) => {
    const names = ['own', 'theirs', 'newest', 'not asked'];
    const cluster = await conflicting(
      context,
      (first) => {
        for (const name of names) first.write(name, 'as it was');
      },
      (first, second) => {
        for (const name of names) {
          first.write(name, 'as the first has it');
          second.write(name, 'as the second has it, who is longer');
        }
        utimesSync(first.path('newest'), 1_500_000_000, 1_500_000_000);
        utimesSync(second.path('newest'), 1_400_000_000, 1_400_000_000);
      },
      names.length,
    );
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const at = (name: string) => join(cluster.root, name);

    const { code, conflicts, host, schema } = await conflictsOf(first);
    assert.deepEqual([code, host, schema], [1, 'node1', 1]);
    const newest = conflicts.find(({ path }) => path === at('newest'));
    assert.deepEqual(
      [newest?.peer, newest?.subtree, newest?.error, newest?.here.size, newest?.there?.size],
      ['node2', false, null, 19, 35],
    );
    assert.deepEqual(
      [newest?.here.type, newest?.here.changed, newest?.there?.changed],
      ['file', '2017-07-14T02:40:00Z', '2014-05-13T16:53:20Z'],
    );
    const table = await first.command('conflicts');
    assert.match(
      table.stdout,
      /node1 {2}file +19 bytes {2}changed 2017-07-14T02:40:00Z\n +node2 {2}file +35 bytes/,
    );

    const dry = await first.command('resolve', at('newest'), '--keep', 'newest', '--dry-run');
    assert.match(
      dry.stdout,
      /35 bytes[\s\S]*-> node2's version is replaced by that of this host\n$/,
    );
    assert.equal(second.read('newest'), 'as the second has it, who is longer');
    const byTime = await resolve(first, at('newest'), '--keep', 'newest');
    assert.deepEqual(
      [byTime.code, byTime.resolved[0]?.state, byTime.resolved[0]?.keep],
      [0, 'done', 'node1'],
    );
    assert.equal(second.read('newest'), 'as the first has it');

    assert.equal((await resolve(first, at('own'), '--keep', 'node1')).code, 0);
    assert.equal(second.read('own'), 'as the first has it');

    assert.equal((await resolve(first, at('theirs'), '--keep', 'node2')).code, 0);
    assert.equal(first.read('theirs'), 'as the second has it, who is longer');
    assert.equal((await resolve(second, at('not asked'), '--keep', 'node1')).code, 0);
    await untilSettled(cluster);
  },
);

test('what is no conflict, and a host that is none, are refused', { skip }, async (context) => {
  const cluster = await conflicting(
    context,
    () => {},
    (first, second) => {
      first.write('tree/one/file', 'below a directory');
      second.write('tree', 'a file');
    },
    1,
  );
  const [first] = cluster.nodes as [ClusterNode];
  const refusal = async (...words: readonly string[]) => {
    const { code, stderr } = await first.command('resolve', ...words);
    return `${code} ${stderr}`;
  };
  const tree = join(cluster.root, 'tree');
  assert.match(
    await refusal(join(cluster.root, 'other'), '--keep', 'newest'),
    /^64 .*other is not in conflict\n/,
  );
  assert.match(await refusal(cluster.root, '--keep', 'newest'), /^64 .*\n +below it, .*tree is/);
  assert.match(
    await refusal(join(tree, 'one/file'), '--keep', 'node1'),
    /^64 .*part of the conflict about the directory .*tree\n.*resolve .*tree --keep HOST\n/,
  );
  assert.match(await refusal(tree, '--keep', 'nod2'), /^64 .*\n +did you mean node\d\?\n/);
  assert.match(
    await refusal(tree, '--keep', 'nobody'),
    /^64 .*\n +keep one of: node1, node2, newest\n/,
  );
  assert.match(await refusal('/etc', '--keep', 'node1'), /^64 /);
  assert.match(await refusal(tree), /^64 .*needs --keep/);
  await cluster.node(2).stop();
  const { code, conflicts } = await conflictsOf(first);
  assert.deepEqual([code, conflicts[0]?.path, conflicts[0]?.there], [1, tree, null]);
  assert.match(conflicts[0]?.error ?? '', /did not send its list/);
  assert.match(await refusal(tree, '--keep', 'node1'), /^75 .*node2 does not say what it has/);
});

for (const keeper of [1, 2]) {
  test(`a directory against a file: node ${keeper} keeps its own`, { skip }, async (context) => {
    const cluster = await conflicting(
      context,
      (first) => first.write('tree/old', 'known to both'),
      (first, second) => {
        first.write('tree/one/file', 'below a directory');
        rmSync(second.path('tree'), { recursive: true });
        second.write('tree', 'a file');
      },
      1,
    );
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const {
      conflicts: [conflict],
    } = await conflictsOf(first);
    assert.deepEqual(
      [conflict?.subtree, conflict?.here.type, conflict?.here.entries, conflict?.there?.type],
      [true, 'directory', 2, 'file'],
    );
    const node = cluster.node(keeper);
    const { code, stdout } = await resolve(node, join(cluster.root, 'tree'), '--keep', node.name);
    assert.equal(code, 0, stdout);
    await untilSettled(cluster);
    assert.equal(second.read('tree'), keeper === 1 ? undefined : 'a file');
    assert.equal(second.read('tree/one/file'), keeper === 1 ? 'below a directory' : undefined);
  });
}

test('a directory that wins over a file, decided where it loses', { skip }, async (context) => {
  const cluster = await conflicting(
    context,
    () => {},
    (first, second) => {
      first.write('tree/one/file', 'below a directory');
      second.write('tree', 'a file');
    },
    1,
  );
  const [first, second] = [cluster.node(1), cluster.node(2)];
  const { code, stderr } = await second.command(
    'resolve',
    join(cluster.root, 'tree'),
    '--keep',
    'node1',
  );
  assert.equal(code, 0, stderr);
  await untilSettled(cluster);
  assert.equal(first.read('tree/one/file'), 'below a directory');
});

for (const keep of ['node1', 'node2']) {
  test(
    `a directory that was removed, and changed elsewhere: ${keep} wins`,
    { skip },
    async (context) => {
      const cluster = await conflicting(
        context,
        (first) => first.write('tree/old', 'known to both'),
        (first, second) => {
          first.remove('tree');
          second.write('tree/old', 'changed meanwhile');
          second.write('tree/new', 'made meanwhile');
        },
        1,
      );
      const [first, second] = [cluster.node(1), cluster.node(2)];
      const { code, stdout } = await resolve(second, join(cluster.root, 'tree'), '--keep', keep);
      // What the first knows nothing of is only removed when no other host can be about to send it:
      // after a minute.
      if (keep === 'node2') assert.equal(code, 0, stdout);
      else assert.ok(code === 75 || code === 0, stdout);
      await cluster.untilEqual(cluster.nodes, 240);
      await untilSettled(cluster);
      assert.equal(first.read('tree/new'), keep === 'node1' ? undefined : 'made meanwhile');
    },
  );
}

test(
  'with a third host that would get in between, the winner decides',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { nodes: 3, flags: ['--peer-timeout', '2'] });
    const [first, second, third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
    await third.stop();
    await cluster.cut(second);
    first.write('file', 'as the first has it');
    second.write('file', 'as the second has it');
    for (const node of [first, second]) {
      await cluster.until(
        `${node.name} to notice`,
        async () => (await node.status())?.peers.every(({ reason }) => reason !== null) === true,
      );
    }
    await cluster.heal(second);
    for (const node of [first, second]) {
      await cluster.until(
        `${node.name} to list it`,
        async () => (await conflictsOf(node)).conflicts.length === 1,
      );
    }
    const file = join(cluster.root, 'file');
    const refused = await first.command('resolve', file, '--keep', 'node2');
    assert.equal(refused.code, 69);
    assert.match(
      refused.stderr,
      /pending for node3.*\n +on node2: inotify-csync resolve .*file --keep node2\n/,
    );
    assert.equal((await resolve(second, file, '--keep', 'node2')).code, 0);
    assert.equal(first.read('file'), 'as the second has it');
    third.start();
    await untilSettled(cluster);
  },
);

test(
  "on csync2's own database neither command works, and both say so",
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { flags: ['--private-databases', 'false'] });
    const first = cluster.node(1);
    for (const words of [['conflicts'], ['resolve', cluster.root, '--keep', 'newest']]) {
      const { code, stderr } = await first.command(...words);
      assert.equal(code, 69, stderr);
    }
  },
);
