/** A full disk of the queue: one full check finds what was dropped, and the status tells of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test(
  'a full disk of the queue is one full check a second at most, and told afterwards',
  {
    skip,
  },
  async (context) => {
    const cluster = await Cluster.make(context);
    const first = cluster.node(1);
    const disk = join(cluster.folder, 'queue-disk');
    await first.mustRun('mkdir', disk);
    await first.mustRun('mount', '-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'small', disk);
    first.flags = ['--queue-file', join(disk, 'queue.log')];
    await cluster.initialise();
    await cluster.start();
    const begun = performance.now();
    const from = first.logEnd;
    // It ends when there is no room left.
    await first.run('dd', 'if=/dev/zero', `of=${join(disk, 'fill')}`, 'bs=4k');
    const trouble = async () => (await first.status())?.recent_troubles[0];
    let written = 0;
    await cluster.until('changes to be dropped', async () => {
      for (let index = 0; index < 50; index++) first.write(`file${++written}`, 'one');
      return (await trouble())?.kind === 'queue-disk-full';
    });
    for (let index = 0; index < 300; index++) first.write(`file${++written}`, 'one');
    await first.mustRun('rm', join(disk, 'fill'));
    await cluster.untilEqual();
    await cluster.untilQuiet();
    const seconds = (performance.now() - begun) / 1000;
    const checks = first.logged(/full check begins: changes were dropped/, from).length;
    context.diagnostic(`${checks} full checks in ${seconds.toFixed(1)} s`);
    assert.ok(checks >= 1 && checks <= seconds, `${checks} full checks in ${seconds} s`);
    const over = await trouble();
    assert.equal(over?.kind, 'queue-disk-full');
    assert.match(over?.text ?? '', /^the queue's disk was full, .*\d\d:\d\d:\d\d, over$/);
    const screen = await first.command('status');
    context.diagnostic(screen.stdout);
    assert.match(screen.stdout, /^last trouble: the queue's disk was full, .*, over$/m);
    const reloaded = await first.command('reload');
    assert.equal(reloaded.code, 0, reloaded.stderr);
    await cluster.untilQuiet();
    assert.deepEqual(await trouble(), over, 'a reload forgets nothing');
    assert.equal((await first.status())?.health, 'healthy');
  },
);
