/**
 * `check --dry-run` and `accept-root --dry-run`: what they tell is what happens then, and nothing
 * happens before.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AcceptRootReply, CheckReply } from '#src/observe/control-replies.js';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test(
  'a preview of a check tells what it would find, and changes nothing',
  { skip },
  async (context) => {
    // The watcher does not see what is written.
    const cluster = await Cluster.started(
      context,
      { flags: ['--file-events', 'moved_to'] },
      (made) => {
        for (const name of ['a', 'b', 'c', 'd/e']) made.node(1).write(name, name);
      },
    );
    await cluster.untilEqual();
    await cluster.untilQuiet();
    const [node, peer] = [cluster.node(1), cluster.node(2)];
    const found = async (...words: string[]) => {
      const { code, stdout, stderr } = await node.command('check', '--dry-run', '--json', ...words);
      assert.equal(code, 0, stderr);
      const { found: reply } = JSON.parse(stdout) as CheckReply;
      assert.ok(reply);
      assert.equal(reply.changed + reply.new + reply.deleted, reply.paths.length);
      return reply.paths
        .map(({ path, what }) => `${what} ${path.slice(cluster.root.length)}`)
        .sort();
    };
    assert.deepEqual(await found(), []);
    const before = peer.tree();
    writeFileSync(node.path('a'), 'longer than before');
    chmodSync(node.path('b'), 0o600);
    rmSync(node.path('d/e'));
    writeFileSync(node.path('d/new'), 'x');
    symlinkSync('a', node.path('link'));
    const all = ['changed /a', 'changed /b', 'deleted /d/e', 'new /d/new', 'new /link'];
    assert.deepEqual(await found(), all);
    assert.deepEqual(await found(`${cluster.root}/d/e`, `${cluster.root}/link`), [
      'deleted /d/e',
      'new /link',
    ]);
    assert.deepEqual(await found(), all, 'a preview leaves no trace');
    assert.match(
      (await node.command('check', '--dry-run')).stdout,
      /^would be sent: 2 changed, 2 new, 1 deleted\n/,
    );
    const outside = await node.command('check', '--dry-run', '/etc');
    assert.deepEqual([outside.code, outside.stdout], [64, '']);
    assert.deepEqual(peer.tree(), before);

    assert.equal((await node.command('check')).code, 0);
    await cluster.untilEqual();
    await cluster.untilQuiet();
    assert.notDeepEqual(peer.tree(), before);
    const { stdout } = await node.command('check', '--dry-run');
    assert.equal(stdout, 'nothing to send: all is as csync2 has noted it\n');
  },
);

test('a preview tells what accept-root would delete, and where', { skip }, async (context) => {
  const cluster = await Cluster.started(context, {}, (made) => {
    for (const name of ['a', 'b', 'd/e']) made.node(1).write(name, name);
  });
  await cluster.untilEqual();
  await cluster.untilQuiet();
  const [node, peer] = [cluster.node(1), cluster.node(2)];
  const before = peer.tree();
  const tree = node.outside(cluster.root);
  const aside = `${tree}-aside`;
  node.freeze('SIGSTOP');
  mkdirSync(aside);
  for (const name of readdirSync(tree)) renameSync(join(tree, name), join(aside, name));
  node.freeze('SIGCONT');
  await cluster.until(
    'the tree to be missed',
    async () => (await node.status())?.health === 'degraded',
  );
  for (let time = 0; time < 2; time++) {
    const { code, stdout, stderr } = await node.command(
      'accept-root',
      cluster.root,
      '--dry-run',
      '--json',
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout) as AcceptRootReply, {
      accepted: null,
      missing: 4,
      peers: [{ peer: 'node2', files: 4 }],
    });
  }
  const { stdout } = await node.command('accept-root', cluster.root, '--dry-run');
  assert.equal(stdout, 'would be deleted: 4 files, on node2 (4)\n');
  assert.equal((await node.status())?.health, 'degraded');
  assert.deepEqual(peer.tree(), before);
  for (const [words, message] of [
    [['accept-root', '/srv'], /\/srv is neither an included directory nor a mount point in one/],
    [['accept-root', '/srv', '--dry-run'], /\/srv is neither/],
    [['retry', 'nobody'], /nobody is not a peer of this host/],
  ] as const) {
    const { code, stderr } = await node.command(...words);
    assert.equal(code, 64);
    assert.match(stderr, message);
  }
  const accepted = await node.command('accept-root', cluster.root);
  assert.match(
    accepted.stdout,
    /^accepted: .* as it is now; 4 files missing in it are deleted on node2 \(4\)\n$/,
  );
  await cluster.untilEqual();
});
