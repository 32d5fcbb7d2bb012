import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { seededRandom } from '../support/csync2-random.js';
import { waitFor } from '../support/wait-for.js';

const skip = clusterObstacle();
const rounds = Number(process.env.ROUNDS ?? 12);
const tasks = '/sys/fs/cgroup/pids';

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
    await cluster
      .untilEqual()
      .catch((error: Error) => assert.fail(`${error.message}\n${first.log()}`));
    assert.equal(String(first.pid), pid, 'it is still the same');
  },
);

test(
  'a daemon that gets no processes for a while goes on afterwards, and loses nothing',
  {
    skip:
      skip ||
      (existsSync(`${tasks}/cgroup.procs`)
        ? false
        : 'there is no control group for numbers of processes'),
  },
  async (context) => {
    const random = seededRandom(context);
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const pid = first.pid as number;
    const group = taskGroup(context, [pid, ...childrenOf(pid)]);
    let refused = 0;
    for (let round = 0; round < rounds; round++) {
      // From none at all to as many as a command needs, or nearly.
      group.limit(group.count() + random.below(5));
      for (let file = 0; file < 5; file++) first.write(`round${round}/${file}`, `of ${round}`);
      second.write(`other${round}`, `of ${round}`);
      await sleep(300 + random.below(1500));
      assert.equal(first.pid, pid, first.log());
      refused = group.refused();
      group.limit('max');
      await cluster.untilRead(second, `round${round}/4`, `of ${round}`);
      await cluster.untilRead(first, `other${round}`, `of ${round}`);
    }
    assert.ok(refused > 0, 'it was never short of any');
    await cluster.untilQuiet();
    await cluster
      .untilEqual()
      .catch((error: Error) => assert.fail(`${error.message}\n${first.log()}`));
    assert.equal(first.pid, pid, 'it is still the same');
  },
);

/**
 * A control group of these processes and what they start, whose number can be limited: root has no
 * RLIMIT_NPROC.
 */
function taskGroup(context: TestContext, pids: readonly number[]) {
  const group = `${tasks}/ics-test-${process.pid}-tasks`;
  const own = /^\d+:pids:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  const move = (pid: number | string, to: string) => {
    try {
      writeFileSync(`${to}/cgroup.procs`, String(pid));
    } catch (error) {
      // It has ended.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  mkdirSync(group);
  // While one is moved it may start another, and one that has ended is in it until it is waited
  // for.
  context.after(async () => {
    const gone = await waitFor(() => {
      for (const pid of readFileSync(`${group}/cgroup.procs`, 'utf8').split('\n').filter(Boolean))
        move(pid, tasks + own);
      return isRemoved(group);
    }, 20);
    assert.ok(gone, `${group} holds processes still`);
  });
  for (const pid of pids) move(pid, group);
  const read = (name: string) => readFileSync(`${group}/${name}`, 'utf8');
  return {
    count: () => Number(read('pids.current')),
    limit: (most: number | 'max') => writeFileSync(`${group}/pids.max`, String(most)),
    refused: () => Number(/^max (\d+)/m.exec(read('pids.events'))?.[1]),
  };
}

function isRemoved(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    return false;
  }
}

function childrenOf(pid: number): number[] {
  const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return own.concat(own.flatMap(childrenOf));
}
