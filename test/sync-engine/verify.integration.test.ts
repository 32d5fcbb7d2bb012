import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import type { VerifyReply } from '#src/observe/control-replies.js';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

async function verify(node: ClusterNode, ...words: readonly string[]) {
  const { code, stdout, stderr } = await node.command('verify', '--json', ...words);
  assert.ok(stdout, stderr);
  return { code, reply: JSON.parse(stdout) as VerifyReply };
}

/** What differs, as the first peer of a reply has it: paths below the tree, and who sends. */
function differencesOf({ peers: [first] }: VerifyReply) {
  return first?.differences.map(({ path, here, there, sender }) => {
    const sides = here === null ? 'there' : there === null ? 'here' : 'both';
    return `${path.replace(/.*\/tree\//, '')} ${sides} ${sender}`;
  });
}

/** Two nodes that differ, with nothing pending between them. */
async function divergent(context: TestContext, auto: 'younger' | 'none') {
  const cluster = await Cluster.started(context, { auto }, (made) => {
    for (const name of ['same', 'old', 'new', 'gone-there', 'deep/gone-here'])
      made.node(1).write(name, 'text');
  });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  await first.stop();
  second.write('only-there', 'text');
  second.write('old', 'a younger one');
  second.write('new', 'an older one');
  utimesSync(second.path('old'), 2_000_000_000, 2_000_000_000);
  utimesSync(second.path('new'), 1_000_000_000, 1_000_000_000);
  second.remove('gone-there');
  await cluster.until(
    'all to be pending',
    async () => (await second.peer(first.name))?.pending === 4,
  );
  const database = new Database(join(second.database, `${second.name}.db3`));
  database.exec('DELETE FROM dirty');
  database.close();
  first.start();
  await cluster.untilQuiet();
  return { cluster, first, second };
}

test('what differs and is not on its way is shown, and made good', { skip }, async (context) => {
  const { cluster, first, second } = await divergent(context, 'younger');
  const { code, reply } = await verify(first);
  assert.equal(code, 1);
  assert.deepEqual(differencesOf(reply)?.sort(), [
    'gone-there here here',
    'new both here',
    'old both there',
    'only-there there there',
  ]);
  const { stdout } = await first.command('verify', second.name);
  assert.match(stdout, /gone-there: only here: file, 4 bytes, .*Z, mode \d+, 0:0\n/);
  assert.deepEqual(differencesOf((await verify(first, join(cluster.root, 'deep'))).reply), []);
  assert.equal(
    (await verify(first, second.name, join(cluster.root, 'old'))).reply.peers[0]?.different,
    1,
  );

  assert.equal((await verify(first, '--repair')).reply.peers[0]?.repaired, 2);
  assert.equal((await verify(second, '--repair')).reply.peers[0]?.repaired, 2);
  await cluster.untilEqual();
  await cluster.untilQuiet();
  assert.equal(second.read('old'), 'a younger one');
  assert.equal(second.read('new'), 'text');
  const after = await verify(first);
  assert.deepEqual([after.code, after.reply.equal, after.reply.peers[0]?.different], [0, true, 0]);
  assert.ok((after.reply.peers[0]?.compared ?? 0) >= 8);
});

test('where nobody decides, only what one side lacks is sent', { skip }, async (context) => {
  const { cluster, first, second } = await divergent(context, 'none');
  const { reply } = await verify(first, '--repair');
  assert.deepEqual(differencesOf(reply)?.sort(), [
    'gone-there here here',
    'new both nobody',
    'old both nobody',
    'only-there there there',
  ]);
  assert.equal(reply.peers[0]?.repaired, 1);
  await cluster.until('what was lacked to arrive', () => second.read('gone-there') === 'text');
  await cluster.untilQuiet();
  assert.deepEqual([second.read('old'), first.read('old')], ['a younger one', 'text']);
  assert.equal(first.read('only-there'), undefined, 'its own host has not been asked to');
});

test(
  'a peer that does not answer, one that is none, and a path outside',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { flags: ['--peer-timeout', '2'] });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    await second.stop();
    const { code, reply } = await verify(first);
    assert.equal(code, 75);
    assert.match(reply.peers[0]?.error ?? '', /did not send its list/);
    assert.equal((await first.command('verify', 'nobody')).code, 64);
    assert.equal((await first.command('verify', '/etc')).code, 64);
  },
);
