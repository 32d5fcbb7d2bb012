/**
 * An account that puts a FIFO in place of a file, again and again: csync2 opens what it has found
 * to be a file.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
const seconds = Number(process.env.SECONDS ?? 10);

for (const [who, swapping] of [
  ['the receiver', 2],
  ['the sender', 1],
] as const) {
  test(`a FIFO that comes and goes on ${who} holds nobody up`, { skip }, async (context) => {
    const cluster = await Cluster.started(context, { auto: 'younger' });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    first.write('swapped', 'a file');
    await cluster.untilEqual();
    const swapper = spawn('python3', ['-c', swap, cluster.node(swapping).path('swapped')], {
      stdio: 'ignore',
    });
    const ended = once(swapper, 'close');
    const until = Date.now() + seconds * 1000;
    for (let round = 0; Date.now() < until; round++) {
      if (swapping === 2) {
        // Moved there: it may have become a FIFO here, too.
        first.write('own.new', `round ${round}${' '.repeat(round % 7)}`);
        renameSync(first.path('own.new'), first.path('swapped'));
      }
      first.write('fresh', `round ${round}`);
      await cluster.untilRead(second, 'fresh', `round ${round}`, 20);
      await sleep(20);
    }
    swapper.kill();
    await ended;
    await cluster.untilEqual(cluster.members, 60);
  });
}

const swap = `
import os, sys, time
path = sys.argv[1]
new, folder = path + '.new', os.path.dirname(path)
while True:
    with open(new, 'w') as file: file.write('local' * 300)
    os.rename(new, path)
    time.sleep(0.002)
    os.mkfifo(new)
    os.rename(new, path)
    time.sleep(0.002)
`;
