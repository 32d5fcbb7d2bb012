import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Cluster, type ClusterOptions } from '../support/cluster.js';
import { ClusterMount, type MountKind } from '../support/cluster-mount.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { MeddledCsync2 } from '../support/meddled-csync2.js';

// csync2 takes every file that it can't see for deleted, and deletes it on all peers: also those of
// a disk that is mounted below an included tree and goes away.
const skip = clusterObstacle(['mkfs.ext4']);
const files = 40;

for (const kind of ['tmpfs', 'bind', 'overlay', 'ext4'] as const satisfies readonly MountKind[]) {
  test(`unmounted while it works, and mounted again: ${kind}`, { skip }, async (context) => {
    const { cluster, mount } = await mounted(context, { kind });
    const [one, two] = [cluster.node(1), cluster.node(2)];
    await mount.unmount();
    await held(cluster, mount, 'unmounted');
    await mount.mount();
    await heals(cluster, mount);
    one.write('uploads/d1/later', 'from one');
    two.write('uploads/d2/later', 'from two');
    one.remove('uploads/d1/f1');
    two.remove('uploads/d2/f2');
    await cluster.untilEqual();
    assert.equal(two.read('uploads/d1/later'), 'from one');
    assert.equal(one.read('uploads/d2/later'), 'from two');
    assert.deepEqual(
      [two.read('uploads/d1/f1'), one.read('uploads/d2/f2')],
      [undefined, undefined],
    );
  });
}

for (const how of ['SIGTERM', 'SIGKILL'] as const) {
  test(
    `not mounted at the start, after an end by ${how}; restarted; mounted again while it is stopped`,
    {
      skip,
    },
    async (context) => {
      const { cluster, mount } = await mounted(context);
      const one = cluster.node(1);
      const end = () => (how === 'SIGTERM' ? one.stop() : one.crash());
      await end();
      await mount.unmount();
      one.start();
      await cluster.untilWorking(one);
      await held(cluster, mount, 'unmounted');
      // Its mount point need not be there, either.
      await end();
      one.remove('uploads');
      one.start();
      await cluster.untilWorking(one);
      await held(cluster, mount, 'unmounted');
      await end();
      mkdirSync(one.path('uploads'));
      await mount.mount();
      one.write('uploads/d0/f0', 'changed while it was stopped');
      one.start();
      await cluster.untilWorking(one);
      await heals(cluster, mount);
      assert.equal(cluster.node(2).read('uploads/d0/f0'), 'changed while it was stopped');
    },
  );
}

test(
  'gone and accepted: its absence is replicated; its mount point may go; mounted again, all is sent',
  {
    skip,
  },
  async (context) => {
    const { cluster, mount } = await mounted(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    const deep = await ClusterMount.make(cluster, 1, 'uploads/deep', 'tmpfs');
    await deep.mount();
    deep.fill(3);
    await cluster.untilEqual();
    await cluster.untilQuiet();
    await deep.unmount();
    await mount.unmount();
    await held(cluster, mount, 'unmounted');
    const { code, stderr } = await one.command('accept-root', mount.point);
    assert.equal(code, 0, stderr);
    await cluster.untilEqual();
    await cluster.untilQuiet();
    assert.deepEqual(
      [...two.tree().keys()].filter((name) => name.startsWith('uploads')),
      ['uploads'],
    );
    assert.equal((await one.status())?.health, 'healthy');
    assert.ok(one.logged(/uploads was accepted as it is/).length > 0);
    one.remove('uploads');
    await cluster.untilEqual();
    // Accepted is accepted, also for the next run.
    await one.stop();
    one.start();
    await cluster.untilWorking(one);
    await cluster.untilQuiet();
    assert.equal((await one.status())?.health, 'healthy');
    mkdirSync(one.path('uploads'));
    await mount.mount();
    await cluster.untilEqual();
    assert.equal(two.read('uploads/d3/f3'), 'file 3');
  },
);

test(
  'another file system in its place: empty, then with other files, then with most of the files',
  {
    skip,
  },
  async (context) => {
    const { cluster, mount } = await mounted(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    await mount.unmount();
    await one.mustRun('mount', '-t', 'tmpfs', 'other', mount.point);
    await held(cluster, mount, 'emptied');
    writeFileSync(one.path('uploads/foreign'), 'foreign');
    await held(cluster, mount, 'replaced');
    assert.equal(two.read('uploads/foreign'), undefined);
    // Whoever restores a backup into it gets on.
    await one.mustRun('chmod', '755', mount.point);
    mount.fill(files - 1);
    one.remove('uploads/foreign');
    await cluster.until(
      'it to be as good',
      async () => (await stateOf(one, mount.point)) === 'present',
    );
    await cluster.untilEqual();
    assert.equal(
      two.read(`uploads/d${(files - 1) % 4}/f${files - 1}`),
      undefined,
      'what is lacking is deleted',
    );
    // That one is what is missed from now on.
    await mount.unmount();
    await held(cluster, mount, 'unmounted');
  },
);

test('a file system over a directory that csync2 knows', { skip }, async (context) => {
  const { cluster, mount } = await mounted(context, { isMounted: false });
  const one = cluster.node(1);
  await one.mustRun('mount', '-t', 'tmpfs', 'over', mount.point);
  await held(cluster, mount, 'emptied');
  await one.stop();
  one.start();
  await cluster.untilWorking(one);
  await held(cluster, mount, 'emptied');
  await mount.unmount();
  await cluster.until('nothing to be held', async () => (await one.status())?.health === 'healthy');
  one.write('uploads/d1/later', 'later');
  await cluster.untilEqual();
  await cluster.untilQuiet();
});

test(
  'a new file system where csync2 knows nothing: what is put into it is sent',
  { skip },
  async (context) => {
    const { cluster } = await mounted(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    const fresh = await ClusterMount.make(cluster, 1, 'fresh', 'ext4');
    await fresh.mount();
    fresh.fill(4);
    await cluster.untilRead(two, 'fresh/d3/f3', 'file 3');
    await fresh.unmount();
    await held(cluster, fresh, 'unmounted');
    await fresh.mount();
    await heals(cluster, fresh);
    assert.equal(one.read('fresh/d3/f3'), 'file 3');
  },
);

test(
  'the included directory itself is a mount point, and strays lie in the bare one',
  { skip },
  async (context) => {
    const cluster = await Cluster.make(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    const mount = await ClusterMount.make(cluster, 1, '', 'tmpfs');
    await mount.mount();
    mount.fill(files);
    await cluster.initialise();
    await cluster.start();
    const before = two.tree();
    const check = async () => {
      await cluster.until(
        'it to be held',
        async () => (await stateOf(one, cluster.root)) === 'unmounted',
      );
      assert.equal((await one.command('check')).code, 0);
      assert.equal((await one.command('check', cluster.root)).code, 0);
      await cluster.until(
        'a full check',
        () => one.logged(/full check finished .*incomplete/).length > 0,
      );
      await idle(cluster, one);
      assert.deepEqual(two.tree(), before);
    };
    await mount.unmount();
    for (const name of ['lost+found', 'd1']) mkdirSync(one.path(name));
    writeFileSync(one.path('stray'), 'stray');
    await check();
    await one.stop();
    one.start();
    await cluster.untilWorking(one);
    await check();
    await mount.mount();
    await cluster.until(
      'it to be back',
      async () => (await stateOf(one, cluster.root)) === 'present',
    );
    one.write('d1/later', 'later');
    await cluster.untilEqual();
    await cluster.untilQuiet();
    await mount.unmount();
    await cluster.until(
      'it to be held',
      async () => (await stateOf(one, cluster.root)) === 'unmounted',
    );
    assert.equal((await one.command('accept-root', cluster.root)).code, 0);
    await cluster.untilEqual();
    assert.deepEqual([...two.tree().keys()].sort(), ['.', 'd1', 'lost+found', 'stray']);
  },
);

test(
  'gone in the middle of a check: what it has marked is not sent, and undone when the mount is back',
  {
    skip,
  },
  async (context) => {
    const { cluster, mount, csync2 } = await meddled(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    csync2.next('-c', `umount '${mount.point}'`);
    assert.equal((await one.command('check', mount.point)).code, 0);
    await held(cluster, mount, 'unmounted');
    assert.ok(one.logged(/wrongly noted 4\d files as deleted/).length > 0, one.log());
    assert.ok(!(await one.csync2('-M')).includes('uploads'), 'it is taken back');
    await mount.mount();
    await heals(cluster, mount);
    // csync2 knows them again.
    one.remove('uploads/d1/f1');
    await cluster.untilRead(two, 'uploads/d1/f1', undefined);
  },
);

test(
  'covered in the middle of a check: what csync2 has forgotten by it still counts',
  { skip },
  async (context) => {
    const { cluster, mount, csync2 } = await meddled(context, { isMounted: false });
    const one = cluster.node(1);
    csync2.next('-c', `mount -t tmpfs over '${mount.point}'`);
    assert.equal((await one.command('check', mount.point)).code, 0);
    await held(cluster, mount, 'emptied');
    await one.stop();
    one.start();
    await cluster.untilWorking(one);
    await held(cluster, mount, 'emptied');
    await mount.unmount();
    await cluster.until(
      'nothing to be held',
      async () => (await one.status())?.health === 'healthy',
    );
    await cluster.untilEqual();
    await cluster.untilQuiet();
  },
);

test(
  'gone in the middle of an update: what csync2 has deleted on the peer is sent again',
  { skip },
  async (context) => {
    const { cluster, mount, csync2 } = await meddled(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    csync2.next('-u', `umount --lazy '${mount.point}'`);
    for (const index of [4, 5, 6]) one.write(`uploads/d${index % 4}/f${index}`, `changed ${index}`);
    await cluster.until(
      'it to be held',
      async () => (await stateOf(one, mount.point)) === 'unmounted',
    );
    await idle(cluster, one);
    await mount.mount();
    await heals(cluster, mount);
    for (const index of [4, 5, 6])
      assert.equal(two.read(`uploads/d${index % 4}/f${index}`), `changed ${index}`);
  },
);

test('out of sight for csync2 alone, in the middle of an update', { skip }, async (context) => {
  const { cluster, mount, csync2 } = await meddled(context);
  const [one, two] = [cluster.node(1), cluster.node(2)];
  // As if it had gone and come back between two looks of ours.
  csync2.next(
    '-u',
    `exec unshare -m bash -c 'umount "$0" && exec /usr/sbin/csync2 "$@"' '${mount.point}' "$@"`,
  );
  one.write('uploads/d1/f1', 'changed');
  await cluster.untilRead(two, 'uploads/d1/f1', undefined);
  await cluster.untilRead(two, 'uploads/d1/f1', 'changed');
  await cluster.untilEqual();
  await cluster.untilQuiet();
});

test('gone while an update hangs: it is ended at once', { skip }, async (context) => {
  const { cluster, mount } = await mounted(context, { flags: ['--peer-timeout', '600'] });
  const [one, two] = [cluster.node(1), cluster.node(2)];
  two.freeze('SIGSTOP');
  one.write('uploads/d1/f1', 'changed');
  await cluster.until('an update to hang', () => one.commandPids.length > 0);
  await mount.unmount();
  await cluster.until('it to be ended', () => one.commandPids.length === 0);
  two.freeze('SIGCONT');
  await held(cluster, mount, 'unmounted');
  assert.equal(two.read('uploads/d1/f1'), 'file 1');
  await mount.mount();
  await heals(cluster, mount);
  assert.equal(two.read('uploads/d1/f1'), 'changed');
});

test(
  'what the peer changes there while it is not mounted waits, and arrives when it is',
  {
    skip,
  },
  async (context) => {
    const { cluster, mount } = await mounted(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    await mount.unmount();
    await cluster.until(
      'it to be held',
      async () => (await stateOf(one, mount.point)) === 'unmounted',
    );
    two.write('uploads/d1/f1', 'changed by two');
    two.write('uploads/new/deep/file', 'new from two');
    two.remove('uploads/d2/f2');
    await cluster.until('it to be refused', async () => {
      const { pending, reason } = (await two.peer('node1')) ?? {};
      return (pending ?? 0) >= 5 && reason === 'denied';
    });
    two.write('elsewhere/back', 'goes on');
    await cluster.untilRead(one, 'elsewhere/back', 'goes on');
    two.remove('elsewhere/back');
    await cluster.untilRead(one, 'elsewhere/back', undefined);
    await cluster.until(
      'it to be on hold',
      async () => ((await two.peer('node1'))?.on_hold.length ?? 0) >= 3,
    );
    assert.deepEqual(
      readdirSync(one.path('uploads')),
      [],
      'nobody has written into the bare mount point',
    );
    assert.ok(!(await one.csync2('-M')).includes('uploads'), 'nothing has been taken for deleted');
    await one.stop();
    one.start();
    await cluster.untilWorking(one);
    assert.equal((await two.command('retry')).code, 0);
    two.write('elsewhere/again', 'goes on');
    await cluster.untilRead(one, 'elsewhere/again', 'goes on');
    assert.deepEqual(readdirSync(one.path('uploads')), []);
    await mount.mount();
    await cluster.until(
      'the mount to be back',
      async () => (await stateOf(one, mount.point)) === 'present',
    );
    await cluster.until('the server to take it again', () => one.serverPid !== undefined);
    assert.equal((await two.command('retry')).code, 0);
    await cluster.untilRead(one, 'uploads/d1/f1', 'changed by two');
    await cluster.untilEqual();
    await cluster.untilQuiet();
    assert.equal(two.read('uploads/new/deep/file'), 'new from two');
    assert.equal(one.read('uploads/d2/f2'), undefined);
  },
);

test(
  'where others run the server, what it writes into a bare mount point costs the peers nothing',
  {
    skip,
  },
  async (context) => {
    const cluster = await Cluster.make(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    one.flags = ['--server', 'external'];
    const mount = await ClusterMount.make(cluster, 1, 'uploads', 'tmpfs');
    await mount.mount();
    mount.fill(files);
    await cluster.initialise();
    const server = one.runServer();
    context.after(() => server.kill());
    await cluster.start();
    await mount.unmount();
    await cluster.until(
      'it to be held',
      async () => (await stateOf(one, mount.point)) === 'unmounted',
    );
    two.write('uploads/new', 'new from two');
    await cluster.untilRead(one, 'uploads/new', 'new from two');
    await cluster.until('it to be noticed', async () => (await one.status()) !== undefined);
    // Over a restart, too.
    await one.stop();
    one.start();
    await cluster.untilWorking(one);
    await mount.mount();
    await cluster.until(
      'the mount to be back',
      async () => (await stateOf(one, mount.point)) === 'present',
    );
    await cluster.untilQuiet();
    assert.equal((await one.command('check')).code, 0);
    await cluster.untilQuiet();
    assert.equal(two.read('uploads/new'), 'new from two', one.log());
    assert.equal(one.read('uploads/new'), undefined);
    assert.equal(
      one.logged(/files? that peers sent to .*uploads while it was missing/).length,
      1,
      one.log(),
    );
    await two.csync2('-m', `${two.treePath}/uploads/new`);
    assert.equal((await two.command('retry')).code, 0);
    await cluster.untilEqual();
  },
);

async function mounted(
  context: TestContext,
  {
    kind = 'tmpfs',
    isMounted = true,
    ...options
  }: { kind?: MountKind; isMounted?: boolean } & ClusterOptions = {},
) {
  let mount: ClusterMount | undefined;
  const cluster = await Cluster.started(context, options, async (made) => {
    made.node(1).write('elsewhere/file', 'elsewhere');
    mount = await ClusterMount.make(made, 1, 'uploads', kind);
    if (isMounted) await mount.mount();
    mount.fill(files);
  });
  return { cluster, mount: mount as ClusterMount };
}

/** As {@link mounted}, with a csync2 that can be meddled with. */
async function meddled(context: TestContext, options: { isMounted?: boolean } = {}) {
  const csync2 = new MeddledCsync2(context);
  const made = await mounted(context, { ...options, flags: ['--csync2', csync2.program] });
  return { ...made, csync2 };
}

async function stateOf(node: ClusterNode, path: string): Promise<string | undefined> {
  return (await node.status())?.roots.find((root) => root.path === path)?.state;
}

async function idle(cluster: Cluster, node: ClusterNode): Promise<void> {
  await cluster.until('nothing more to do', async () => {
    const status = await node.status();
    return (
      status?.queue.depth === 0 && status.state !== 'checking' && status.state !== 'full-check'
    );
  });
}

/** Whatever is asked to be checked, the peer keeps its files; changes elsewhere go on at once. */
async function held(cluster: Cluster, mount: ClusterMount, state: string): Promise<void> {
  const [one, two] = [cluster.node(1), cluster.node(2)];
  await cluster.until(`it to be ${state}`, async () => (await stateOf(one, mount.point)) === state);
  const below = () => [...two.tree()].filter(([name]) => name.startsWith(`${mount.name}`));
  const before = below();
  assert.ok(before.length > 2, 'the peer has its files');
  for (const paths of [
    [],
    [cluster.root],
    [mount.point],
    [`${mount.point}/d1`, `${mount.point}/d1/f1`],
  ]) {
    assert.equal((await one.command('check', ...paths)).code, 0);
  }
  const stamp = String(Math.random());
  one.write('elsewhere/file', stamp);
  one.write(`elsewhere/new-${stamp}/deep`, stamp);
  two.write(`elsewhere/back-${stamp}`, stamp);
  await cluster.untilRead(two, 'elsewhere/file', stamp);
  await cluster.untilRead(two, `elsewhere/new-${stamp}/deep`, stamp);
  await cluster.untilRead(one, `elsewhere/back-${stamp}`, stamp);
  await idle(cluster, one);
  assert.deepEqual(below(), before);
  const { code, stdout } = await one.command('status', '--json');
  assert.equal(code, 1);
  const { problems } = JSON.parse(stdout) as { problems: string[] };
  assert.ok(
    problems.some((problem) => problem.includes(mount.point)),
    stdout,
  );
}

async function heals(cluster: Cluster, mount: ClusterMount): Promise<void> {
  const one = cluster.node(1);
  await cluster.until(
    'the mount to be back',
    async () => (await stateOf(one, mount.point)) === 'present',
  );
  await cluster.untilEqual();
  await cluster.untilQuiet();
  assert.equal((await one.status())?.health, 'healthy');
}
