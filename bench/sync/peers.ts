import { BenchUsageError } from '../errors.js';
import type { Findings } from '../findings.js';
import { makeCluster } from '../hosts/cluster.js';
import type { Host } from '../hosts/host.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { DaemonSide } from '../sides/daemon-side.js';
import { percentile, rounded } from '../statistics.js';
import { shown } from '../table.js';
import { Changes } from './changes.js';
import { arrived, type Samples, samplesTable, singleChanges } from './single-changes.js';

/**
 * Single changes until the healthy peers have them, in turns with all peers healthy and with one
 * whose packets vanish. In both cases the same peers are measured: all but the one that is to be
 * dead.
 */
export async function peers(options: BenchOptions): Promise<Findings> {
  if (options.nodes < 3)
    throw new BenchUsageError('one of two peers is to be dead', 'give it --nodes 3, or more');
  const cluster = await makeCluster(options);
  const changes = new Changes(cluster, options.seed);
  const dead = cluster.peers.at(-1) as Host;
  const healthy = cluster.peers.slice(0, -1);
  const daemons = new DaemonSide(cluster, options.logLevel);
  await daemons.start();
  const measure = (count: number) => singleChanges(changes, healthy, count);
  await measure(1);
  const before: (number | undefined)[] = [];
  const meanwhile: (number | undefined)[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const count = Math.ceil((options.changes - before.length) / (options.rounds - round));
    const alive = await measure(count);
    progress(`all healthy: p50 ${shown(percentile(arrived(alive), 50))} ms`);
    await cluster.network.blackhole(dead);
    await measure(1);
    const without = await measure(count);
    progress(
      `${dead.name} swallows all packets: p50 ${shown(percentile(arrived(without), 50))} ms`,
    );
    await cluster.network.heal(dead);
    const healedAt = performance.now();
    await daemons.ask(cluster.sender, { command: 'retry' });
    await daemons.quiet();
    progress(
      `${dead.name} has received what was pending ${((performance.now() - healedAt) / 1000).toFixed(1)} s after healing`,
    );
    before.push(...alive);
    meanwhile.push(...without);
  }
  await daemons.stop();
  return report(dead.name, before, meanwhile);
}

function report(dead: string, before: Samples, meanwhile: Samples): Findings {
  const allHealthy = percentile(arrived(before), 50);
  const oneDead = percentile(arrived(meanwhile), 50);
  return {
    table: samplesTable('milliseconds to the healthy peers', {
      'all peers healthy': before,
      [`${dead} swallows all packets`]: meanwhile,
    }),
    json: {
      all_healthy_p50_ms: rounded(allHealthy),
      one_dead_p50_ms: rounded(oneDead),
      ratio: rounded(oneDead / allHealthy, 3),
    },
  };
}
