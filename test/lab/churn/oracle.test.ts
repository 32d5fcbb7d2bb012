/**
 * The judges of the churn, on a cluster that is made to be wrong: what they don't find, they don't
 * find elsewhere. A minute.
 */
import assert from 'node:assert/strict';
import { chmodSync, lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabCluster } from './lab-hosts.js';
import type { Plan } from './plan.js';
import { planOf } from './plan.js';
import { removeAll, run } from './run.js';

const bounds = { within: 20, patience: 0 };
const quietPlan: Plan = {
  ...{ seed: 7, mode: 'own', chains: [], blows: [] },
  streams: [
    [[0, 'write', 'in/a', '1.0', 100]],
    [[0, 'mkdir_p', 'in/d/e']],
    [[0, 'symlink', 'in/l', 'nowhere']],
  ],
};

describe('what a churn finds out', () => {
  let cluster: LabCluster;
  before(async () => {
    cluster = await LabCluster.boot(3, { logLevel: 'info', smallDisks: false });
    await cluster.reset('none');
  });
  after(() => cluster?.down());

  /**
   * Runs the quiet plan and has something done to it behind the daemons' back, when all is equal.
   */
  async function tampered(tamper: (folder: string) => Promise<void> | void) {
    const running = run(cluster, quietPlan, { ...bounds, probes: false, stillness: 4000 });
    await tamper(await arrived());
    return running;
  }

  /** Waits until what the quiet plan makes is on all hosts. @returns the folder that it is in */
  async function arrived(): Promise<string> {
    for (;;) {
      const [folder] = readdirSync(cluster.hosts[0]?.tree ?? '').filter((name) =>
        name.startsWith('s'),
      );
      const isThere = ({ tree }: { tree: string }) =>
        ['own-1/a', 'own-2/d/e', 'own-3/l'].every((path) =>
          lstatSync(join(tree, folder ?? '', path), { throwIfNoEntry: false }),
        );
      if (folder && cluster.hosts.every(isThere)) return folder;
      await sleep(100);
    }
  }

  test('nothing, if all is well', async () => {
    const outcome = await run(cluster, quietPlan, { ...bounds, probes: true });
    assert.deepEqual(outcome.faults, []);
    assert.equal(outcome.done, 3);
    assert.ok(
      outcome.fresh.length > 0 && outcome.fresh.every(({ milliseconds }) => milliseconds !== null),
    );
    assert.deepEqual(await removeAll(cluster, quietPlan.seed, bounds), []);
  });

  test('a file that its owner has not changed so, though all hosts have it', async () => {
    const outcome = await tampered((folder) =>
      writeFileSync(join(cluster.hosts[1]?.tree ?? '', folder, 'own-1/a'), 'not by its owner'),
    );
    assert.deepEqual(
      outcome.faults.map(({ kind, sort }) => `${kind}: ${sort}`),
      ['changed by others: content file'],
    );
    assert.deepEqual(await removeAll(cluster, quietPlan.seed, bounds), []);
  });

  test('what differs while a daemon sees nothing of it, and that it does not answer', async () => {
    const outcome = await tampered(async (folder) => {
      await cluster.lab.mustRun(3, 'systemctl', 'stop', 'inotify-csync');
      const tree = join(cluster.hosts[2]?.tree ?? '', folder);
      rmSync(join(tree, 'own-2/d/e'), { recursive: true });
      chmodSync(join(tree, 'own-1/a'), 0o600);
    });
    const found = outcome.faults.map(({ kind, sort }) => `${kind}: ${sort}`);
    for (const fault of [
      'unequal: missing folder, own folder, for good',
      'unequal: other mode of file, own folder, for good',
      'not well: does not answer',
    ])
      assert.ok(found.includes(fault), found.join('\n'));
    await cluster.reset('none');
  });

  test('a full check that ran meanwhile', async () => {
    const outcome = await tampered(async () => {
      await cluster.lab.mustRun(2, 'inotify-csync', 'check');
    });
    assert.deepEqual(
      outcome.faults.map(({ kind }) => kind),
      ['full check'],
    );
  });

  test('the same seed makes the same plan, and another one another', () => {
    const size = {
      hosts: 3,
      operations: 100,
      mounts: true,
      answers: true,
      faults: true,
      largest: 1e8,
    };
    assert.deepEqual(planOf(5, 'shared', size), planOf(5, 'shared', size));
    assert.notDeepEqual(planOf(5, 'shared', size), planOf(6, 'shared', size));
  });
});
