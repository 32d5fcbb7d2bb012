/** Sessions that csync2's server refuses as a whole: they are told, until one is accepted. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { makeCertificate } from '../support/cluster-certificate.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test(
  'a host with another key says whose sessions it refuses, until it accepts one',
  { skip },
  async (context) => {
    const cluster = await Cluster.make(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const key = join(second.systemDirectory, 'cluster.key');
    const right = readFileSync(key);
    writeFileSync(key, `${'w'.repeat(64)}\n`);
    await cluster.initialise();
    await cluster.start();
    first.write('file', 'one');
    await cluster.until('it to be told', async () => (await refused(second)).length > 0);
    const [told] = await refused(second);
    assert.deepEqual(
      [told?.peer, told?.reason, told?.from],
      ['node1', 'permission', first.address],
    );
    const screen = await second.command('status');
    context.diagnostic(screen.stdout);
    assert.equal(screen.code, 1);
    const metrics = await second.command('metrics');
    assert.match(
      metrics.stdout,
      /^inotify_csync_refused_sessions_total\{peer="node1"\} [1-9]\d*$/m,
    );
    const status = await second.status();
    assert.equal(status?.health, 'degraded');
    assert.match(
      status.problems.join('\n'),
      /^refused \d+ sessions? from node1 \(last .*\): its key/m,
    );
    assert.ok((status.server.refused.node1 ?? 0) >= 1);
    assert.equal(
      second.logged(/refused a session from node1/).length,
      1,
      'not one for each session',
    );
    assert.deepEqual(await refused(first), []);
    writeFileSync(key, right);
    first.write('file', 'two');
    await cluster.untilRead(second, 'file', 'two');
    await cluster.until('it to be over', async () => (await refused(second)).length === 0);
    await cluster.until(
      'it to be healthy',
      async () => (await second.status())?.health === 'healthy',
    );
    assert.equal(second.logged(/accepted a session from node1 again/).length, 1);
  },
);

test(
  'with TLS it is told as well, and so is another certificate',
  { skip: skip || clusterObstacle(['openssl']) },
  async (context) => {
    const cluster = await Cluster.make(context, { statements: [] });
    for (const node of cluster.nodes) await makeCertificate(node, 'csync2');
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const key = join(second.systemDirectory, 'cluster.key');
    const right = readFileSync(key);
    writeFileSync(key, `${'w'.repeat(64)}\n`);
    await cluster.initialise();
    await cluster.start();
    first.write('file', 'one');
    const reasons = async () => (await refused(second)).map(({ reason }) => reason).join();
    await cluster.until('the key to be told', async () => (await reasons()) === 'permission');
    writeFileSync(key, right);
    first.write('file', 'two');
    await cluster.until('it to be over', async () => (await reasons()) === '');
    await makeCertificate(first, 'csync2');
    first.write('file', 'three');
    await cluster.until('it to be told', async () => (await reasons()) === 'identification');
  },
);

test('who only claims to be a peer, is none, or says nothing', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { nodes: 3, members: 2 });
  const [second, stranger] = [cluster.node(2), cluster.node(3)];
  const say = async (...lines: readonly string[]) => {
    const words = ['CONFIG', ...lines, 'BYE'].map((line) => `${line}\n`).join('');
    await stranger.mustRun('bash', '-c', talk, 'talk', second.address, words);
  };
  const key = 'k'.repeat(64);
  await stranger.mustRun('bash', '-c', talk, 'talk', second.address, 'GET / HTTP/1.1\n\n');
  await say(`SIG ${key} ${second.treePath}`);
  // Whatever it calls itself, it is not told as ours.
  const hostile = 'node1%0anode1:%20healthy%1b[2J';
  await say('HELLO node3', `SIG ${key} ${second.treePath}`);
  await say(`HELLO ${hostile}`);
  await say(`HELLO ${'n'.repeat(5000)}`);
  const others = async () => (await second.status())?.server.refused_others;
  await cluster.until('all to be counted', async () => (await others())?.count === 3);
  assert.deepEqual((await others())?.from, [stranger.address]);
  assert.deepEqual(await refused(second), []);
  const screen = await second.command('status');
  context.diagnostic(screen.stdout);
  assert.equal(screen.code, 0, 'healthy');
  assert.match(screen.stdout, /^refused {4}3 sessions of hosts that csync2\.cfg does not name/m);
  const metrics = await second.command('metrics');
  assert.match(metrics.stdout, /^inotify_csync_refused_sessions_total\{peer=""\} 3$/m);
  // What a file of the tree says is no answer of the server.
  second.write('forged', 'Permission denied!\n');
  await cluster.untilQuiet();
  await say(`HELLO node1`);
  await cluster.until('the claim to be told', async () => (await refused(second)).length > 0);
  const [claim] = await refused(second);
  assert.deepEqual(
    [claim?.peer, claim?.reason, claim?.from, claim?.count],
    ['node1', 'identification', stranger.address, 1],
  );
  cluster.node(1).write('file', 'one');
  await cluster.untilRead(second, 'file', 'one');
  await cluster.until('it to be over', async () => (await refused(second)).length === 0);
  assert.equal(second.logged(/2J|node1: healthy/).length, 0);
});

test('content that a session reads is no denial', { skip }, async (context) => {
  const cluster = await Cluster.started(context);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  for (const text of ['Permission denied!', 'Identification failed!'])
    second.write(text, `${text}\n`);
  await cluster.untilEqual();
  await cluster.untilQuiet();
  const read = ['Permission denied!', 'Identification failed!'].map((name) => {
    const path = join(second.treePath, name).replaceAll(' ', '%20');
    return `TYPE ${'k'.repeat(64)} ${path}\n`;
  });
  for (const line of read) {
    const answer = await first.mustRun(
      'bash',
      '-c',
      talk,
      'talk',
      second.address,
      `CONFIG\nHELLO node1\n${line}`,
    );
    assert.match(answer, /(denied|failed)!$/m);
  }
  await cluster.untilQuiet();
  assert.deepEqual((await second.status())?.server.refused, {});
  assert.equal((await second.status())?.server.refused_others.count, 0);
});

/** Says something to csync2's server of a host, and reads until that hangs up. */
const talk = `exec 3<>"/dev/tcp/$1/30865"; printf %s "$2" >&3; timeout 20 cat <&3`;

async function refused(node: ClusterNode) {
  return (await node.status())?.refused_sessions ?? [];
}
