import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { seededRandom } from '../support/csync2-random.js';

const skip = clusterObstacle();
const rounds = Number(process.env.ROUNDS ?? 12);

test(
  'a daemon that gets no descriptors for a while goes on afterwards, and loses nothing',
  {
    skip,
  },
  async (context) => {
    const random = seededRandom(context);
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const pid = String(first.pid);
    const usual = /Max open files +(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
    let told = 0;
    for (let round = 0; round < rounds; round++) {
      const open = readdirSync(`/proc/${pid}/fd`).length;
      // From none at all to as many as one command needs, or nearly.
      const few = open + random.below(14) - 2;
      execFileSync('prlimit', ['--pid', pid, `--nofile=${few}:${usual}`]);
      for (let file = 0; file < 5; file++) first.write(`round${round}/${file}`, `of ${round}`);
      second.write(`other${round}`, `of ${round}`);
      await sleep(300 + random.below(1500));
      assert.equal(String(first.pid), pid, first.log());
      execFileSync('prlimit', ['--pid', pid, `--nofile=${usual}:${usual}`]);
      await cluster.untilRead(second, `round${round}/4`, `of ${round}`);
      await cluster.untilRead(first, `other${round}`, `of ${round}`);
      told += first.logged(/out of (file )?descriptors/).length;
    }
    assert.ok(told > 0, 'it was never short of any');
    await cluster.untilQuiet();
    await cluster.untilEqual().catch((error: Error) => assert.fail(`${error.message}\n${first.log()}`));
    assert.equal(String(first.pid), pid, 'it is still the same');
  },
);
