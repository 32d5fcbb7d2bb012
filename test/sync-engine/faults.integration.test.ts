import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { FaultyMount, faultyMountObstacle } from '../support/faulty-mount.js';
import { MeddledCsync2 } from '../support/meddled-csync2.js';

// csync2 takes every failure of lstat(2) for a deletion. These tests use a FUSE file system that
// fails as it is told.
const skip = faultyMountObstacle();
const files = 24;

const faults: readonly { what: string; rules: readonly string[]; path: string }[] = [
  { what: 'a file with an I/O error', rules: ['EIO d1/f1'], path: 'd1/f1' },
  { what: 'a directory with an I/O error', rules: ['EIO d1'], path: 'd1' },
  { what: 'a directory that cannot be listed', rules: ['EIO d1/'], path: 'd1' },
  { what: 'a stale handle', rules: ['ESTALE d1/deep'], path: 'd1/deep' },
  { what: 'a directory that keeps root out', rules: ['EACCES d1'], path: 'd1' },
];

for (const { what, rules, path } of faults) {
  test(
    `${what} is never taken for its absence, and all else goes on`,
    { skip },
    async (context) => {
      const { cluster, disk } = await faulty(context);
      const [one, two] = [cluster.node(1), cluster.node(2)];
      const before = two.tree();
      disk.fail(...rules);
      const from = one.logEnd;
      for (const paths of [[], [cluster.root], [`${disk.point}/d1`], [`${disk.point}/${path}`]]) {
        assert.equal((await one.command('check', ...paths)).code, 0);
      }
      await cluster.until(
        'it to be seen',
        () => one.logged(/cannot be accessed \(E/, from).length > 0,
      );
      await cluster.until(
        'a full check',
        () => one.logged(/full check finished .*incomplete/, from).length > 0,
      );
      const status = await one.status();
      assert.equal(status?.health, 'degraded', JSON.stringify(status));
      assert.ok(
        status?.deferred.some(
          (each) => each.path === `${disk.point}/${path}` && /\(E/.test(each.reason),
        ),
        JSON.stringify(status?.deferred),
      );
      one.write('disk/d2/beside', 'beside');
      if (path === 'd1/f1') one.write('disk/d1/beside', 'beside');
      two.write('disk/d2/back', 'back');
      await cluster.untilRead(two, 'disk/d2/beside', 'beside');
      await cluster.untilRead(one, 'disk/d2/back', 'back');
      if (path === 'd1/f1') await cluster.untilRead(two, 'disk/d1/beside', 'beside');
      for (const name of before.keys()) assert.ok(two.tree().has(name), name);
      assert.ok(!(await one.csync2('-M')).includes(path), 'csync2 has never been given it');
      disk.fail();
      one.write('disk/d1/f1', 'changed after it');
      await cluster.untilRead(two, 'disk/d1/f1', 'changed after it');
      await cluster.untilEqual();
      await cluster.untilQuiet();
      await cluster.until('all to be well', async () => (await one.status())?.health === 'healthy');
    },
  );
}

test(
  'what is pending for a peer is held back while it cannot be looked at',
  { skip },
  async (context) => {
    const { cluster, disk } = await faulty(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    await cluster.cut(two);
    one.write('disk/d1/f1', 'changed');
    one.write('disk/d2/f2', 'changed');
    await cluster.until(
      'it to be pending',
      async () => ((await one.peer('node2'))?.pending ?? 0) >= 2,
    );
    // An update is connecting, and has not looked at them yet.
    disk.fail('EIO d1/f1');
    await cluster.until('it to be told', async () => (await one.peer('node2'))?.unreadable === 1);
    await cluster.heal(two);
    assert.equal((await one.command('retry')).code, 0);
    await cluster.untilRead(two, 'disk/d2/f2', 'changed');
    assert.equal(two.read('disk/d1/f1'), 'file 1');
    const { problems } = (await one.status()) ?? {};
    assert.ok(
      problems?.some((problem) => problem.includes('1 file is not sent')),
      JSON.stringify(problems),
    );
    disk.fail();
    await cluster.untilRead(two, 'disk/d1/f1', 'changed');
    await cluster.untilEqual();
    await cluster.untilQuiet();
  },
);

test(
  'on the shared database nothing is sent as long as something pending cannot be checked',
  {
    skip,
  },
  async (context) => {
    const { cluster, disk } = await faulty(context, { flags: ['--private-databases', 'false'] });
    const [one, two] = [cluster.node(1), cluster.node(2)];
    await cluster.cut(two);
    one.write('disk/d1/f1', 'changed');
    await cluster.until(
      'it to be pending',
      async () => ((await one.peer('node2'))?.pending ?? 0) >= 1,
    );
    disk.fail('EIO d1/f1');
    await cluster.until(
      'it to be told',
      async () => (await one.peer('node2'))?.reason === 'unreadable',
    );
    await cluster.heal(two);
    assert.equal((await one.command('retry')).code, 0);
    two.write('disk/d3/back', 'back');
    await cluster.untilRead(one, 'disk/d3/back', 'back');
    assert.equal(two.read('disk/d1/f1'), 'file 1');
    disk.fail();
    await cluster.untilRead(two, 'disk/d1/f1', 'changed');
    await cluster.untilEqual();
    await cluster.untilQuiet();
  },
);

test(
  'a file system whose server dies: held, and well when it is mounted again',
  { skip },
  async (context) => {
    const { cluster, disk } = await faulty(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    const before = two.tree();
    await disk.kill();
    assert.equal((await one.command('check')).code, 0);
    assert.equal((await one.command('check', `${disk.point}/d1`)).code, 0);
    const state = async () => (await one.status())?.roots.find((root) => root.path === disk.point);
    await cluster.until('it to be held', async () => (await state())?.state === 'unreadable');
    assert.equal((await state())?.text, 'unreadable (ENOTCONN)');
    one.write('elsewhere/file', 'goes on');
    await cluster.untilRead(two, 'elsewhere/file', 'goes on');
    await one.stop();
    one.start();
    await cluster.untilWorking(one);
    await cluster.until('it to be held', async () => (await state())?.state === 'unreadable');
    for (const name of before.keys()) assert.ok(two.tree().has(name), name);
    await disk.unmount();
    await cluster.until('it to be missed', async () => (await state())?.state === 'unmounted');
    for (const name of before.keys()) assert.ok(two.tree().has(name), name);
    await disk.mount();
    one.write('disk/d1/f1', 'changed after it');
    await cluster.untilRead(two, 'disk/d1/f1', 'changed after it');
    await cluster.untilEqual();
    await cluster.untilQuiet();
    assert.equal((await one.status())?.health, 'healthy');
  },
);

test(
  'an error in the middle of a check: what it has marked is not sent, and undone by itself',
  {
    skip,
  },
  async (context) => {
    const { cluster, csync2, disk } = await faulty(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    csync2.next('-c', `echo 'EIO d1/f1' > '${disk.rules}'`);
    one.write('disk/d1/f1', 'changed');
    await cluster.until(
      'it to be taken back',
      () => one.logged(/wrongly noted 1 file as deleted/).length > 0,
    );
    assert.ok(!(await one.csync2('-M')).includes('disk/d1/f1'));
    assert.equal(two.read('disk/d1/f1'), 'file 1');
    disk.fail();
    await cluster.untilRead(two, 'disk/d1/f1', 'changed');
    await cluster.untilQuiet();
    // csync2 knows it again, and so notices that it goes.
    one.remove('disk/d1/f1');
    await cluster.untilRead(two, 'disk/d1/f1', undefined);
    await cluster.untilQuiet();
  },
);

test(
  'an error in the middle of an update: what csync2 has deleted on the peer is sent again',
  {
    skip,
  },
  async (context) => {
    const { cluster, csync2, disk } = await faulty(context);
    const [one, two] = [cluster.node(1), cluster.node(2)];
    csync2.next('-u', `echo 'ESTALE d1' > '${disk.rules}'`);
    one.write('disk/d1/f1', 'changed');
    one.write('disk/d1/f5', 'changed');
    await cluster.untilRead(two, 'disk/d1/f1', undefined);
    disk.fail();
    await cluster.untilRead(two, 'disk/d1/f1', 'changed');
    await cluster.untilRead(two, 'disk/d1/f5', 'changed');
    await cluster.untilEqual();
    await cluster.untilQuiet();
  },
);

async function faulty(context: TestContext, { flags = [] }: { flags?: readonly string[] } = {}) {
  const csync2 = new MeddledCsync2(context);
  let disk: FaultyMount | undefined;
  const options = { flags: ['--csync2', csync2.program, ...flags] };
  const cluster = await Cluster.started(context, options, async (made) => {
    made.node(1).write('elsewhere/file', 'elsewhere');
    disk = new FaultyMount(made, 1, 'disk');
    await disk.mount();
    disk.fill(files);
    made.node(1).write('disk/d1/deep/er', 'deep');
  });
  return { cluster, csync2, disk: disk as FaultyMount };
}
