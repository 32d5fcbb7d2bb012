import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { ClusterMount, type MountKind } from '../support/cluster-mount.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

// csync2 takes every file that it can't see for deleted, and deletes it on all peers: also those of a disk that is
// mounted below an included tree and goes away.
const skip = clusterObstacle(['mkfs.ext4']);
const files = 40;

for (const kind of ['tmpfs', 'bind', 'overlay', 'ext4'] as const satisfies readonly MountKind[]) {
  test(`unmounted while it works, and mounted again: ${kind}`, { skip }, async (context) => {
    const { cluster, mount } = await mounted(context, kind);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    await mount.unmount();
    await cluster.until('the mount to be held', async () => (await stateOf(cluster, mount)) === 'unmounted');
    await held(cluster, mount);
    await mount.mount();
    await heals(cluster, mount);
    one.write('uploads/d1/later', 'from one');
    two.write('uploads/d2/later', 'from two');
    one.remove('uploads/d1/f1');
    two.remove('uploads/d2/f2');
    await cluster.untilEqual();
    assert.equal(two.read('uploads/d1/later'), 'from one');
    assert.equal(one.read('uploads/d2/later'), 'from two');
    assert.deepEqual([two.read('uploads/d1/f1'), one.read('uploads/d2/f2')], [undefined, undefined]);
  });
}

async function mounted(context: Parameters<typeof Cluster.started>[0], kind: MountKind) {
  let mount: ClusterMount | undefined;
  const cluster = await Cluster.started(context, {}, async (made) => {
    made.node(1).write('elsewhere/file', 'elsewhere');
    mount = await ClusterMount.make(made, 1, 'uploads', kind);
    await mount.mount();
    mount.fill(files);
  });
  return { cluster, mount: mount as ClusterMount };
}

async function stateOf(cluster: Cluster, mount: ClusterMount): Promise<string | undefined> {
  const status = await cluster.node(1).status();
  return status?.roots.find((root) => root.path === mount.point)?.state;
}

/** Whatever is asked to be checked, the peer keeps its files; changes elsewhere go on at once. */
async function held(cluster: Cluster, mount: ClusterMount): Promise<void> {
  const [one, two] = [cluster.node(1), cluster.node(2)];
  const before = [...two.tree()].filter(([name]) => name.startsWith(`${mount.name}`));
  for (const paths of [[], [cluster.root], [mount.point], [`${mount.point}/d1`, `${mount.point}/d1/f1`]]) {
    assert.equal((await one.command('check', ...paths)).code, 0);
  }
  const stamp = String(Math.random());
  one.write('elsewhere/file', stamp);
  one.write(`elsewhere/new-${stamp}/deep`, stamp);
  await cluster.untilRead(two, 'elsewhere/file', stamp);
  await cluster.untilRead(two, `elsewhere/new-${stamp}/deep`, stamp);
  await cluster.until('nothing more to do', async () => {
    const status = await one.status();
    return status?.queue.depth === 0 && status.state !== 'checking';
  });
  assert.deepEqual(
    [...two.tree()].filter(([name]) => name.startsWith(`${mount.name}`)),
    before,
  );
  const { code, stdout } = await one.command('status', '--json');
  assert.equal(code, 1);
  const { problems } = JSON.parse(stdout) as { problems: string[] };
  assert.ok(
    problems.some((problem) => problem.includes(mount.point)),
    stdout,
  );
}

async function heals(cluster: Cluster, mount: ClusterMount): Promise<void> {
  await cluster.until('the mount to be back', async () => (await stateOf(cluster, mount)) === 'present');
  await cluster.untilEqual();
  await cluster.untilQuiet();
  assert.equal((await cluster.node(1).status())?.health, 'healthy');
}
