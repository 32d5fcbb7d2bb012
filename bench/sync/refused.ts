import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '#src/observe/status.js';
import { BenchFailedError } from '../errors.js';
import type { Findings } from '../findings.js';
import { type Cluster, makeCluster } from '../hosts/cluster.js';
import type { Host } from '../hosts/host.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { DaemonSide } from '../sides/daemon-side.js';
import { percentile, rounded } from '../statistics.js';
import { shown } from '../table.js';
import { Changes } from './changes.js';
import { arrived, type Samples, samplesTable, singleChanges } from './single-changes.js';

/**
 * Single changes until a peer has them, while it refuses more and more other files: both hosts have
 * changed these while they did not see each other, and csync2's `auto` is `none`.
 */
export async function refused(options: BenchOptions): Promise<Findings> {
  const cluster = await makeCluster(options);
  const changes = new Changes(cluster, options.seed);
  const daemons = new DaemonSide(cluster, options.logLevel);
  await daemons.start();
  await singleChanges(changes, cluster.peers, 1);
  const measured = new Map<number, Samples>();
  for (const count of counts) {
    await conflictUpTo(count, cluster, daemons);
    const samples = await singleChanges(changes, cluster.peers, options.changes);
    progress(`${count} files refused: p50 ${shown(percentile(arrived(samples), 50))} ms`);
    measured.set(count, samples);
  }
  await daemons.end();
  return report(measured);
}

/** Has both hosts change files until so many are refused. */
async function conflictUpTo(count: number, cluster: Cluster, daemons: DaemonSide): Promise<void> {
  const { network, root, sender } = cluster;
  const peer = cluster.peers[0] as Host;
  const folder = join(root, 'conflicts');
  if (count === 0) return;
  await network.blackhole(peer);
  for (const host of [sender, peer]) {
    mkdirSync(host.onMachine(folder), { recursive: true });
    for (let number = 0; number < count; number++)
      writeFileSync(host.onMachine(join(folder, String(number))), `${host.name}, ${count}\n`);
  }
  // Until both have marked them.
  for (const host of [sender, peer]) await until(() => isPending(daemons, host, count));
  await network.heal(peer);
  for (const host of [sender, peer]) await daemons.ask(host, { command: 'retry' });
  await until(async () => (await onHold(daemons, sender)) >= count);
}

async function isPending(daemons: DaemonSide, host: Host, count: number): Promise<boolean> {
  const status = (await daemons.ask(host, { command: 'status' })) as Status | undefined;
  return (status?.peers ?? []).some(({ pending }) => (pending ?? 0) >= count);
}

async function onHold(daemons: DaemonSide, host: Host): Promise<number> {
  const status = (await daemons.ask(host, { command: 'status' })) as Status | undefined;
  return (status?.peers ?? []).reduce((most, each) => Math.max(most, each.on_hold_count), 0);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const begun = performance.now();
  while (!(await isSo())) {
    if (performance.now() - begun > limitSeconds * 1000)
      throw new BenchFailedError(
        `the files were not refused within ${limitSeconds} s`,
        'try it with --keep',
      );
    await sleep(100);
  }
}

function report(measured: ReadonlyMap<number, Samples>): Findings {
  const p50 = (count: number) => percentile(arrived(measured.get(count) ?? []), 50);
  const of = (make: (count: number) => [string, number | null]) =>
    Object.fromEntries(counts.map(make));
  return {
    table: samplesTable(
      'milliseconds to the peers',
      Object.fromEntries(
        [...measured].map(([count, samples]) => [`${count} files refused`, samples]),
      ),
    ),
    json: {
      ...of((count) => [`refused_${count}_p50_ms`, rounded(p50(count))]),
      ...of((count) => [`refused_${count}_ratio`, rounded(p50(count) / p50(0), 3)]),
    },
  };
}

const counts = [0, 1, 60, 1000];
const limitSeconds = 300;
