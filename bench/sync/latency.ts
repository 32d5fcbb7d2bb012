import { setTimeout as sleep } from 'node:timers/promises';
import type { Findings } from '../findings.js';
import { type Cluster, makeCluster } from '../hosts/cluster.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { ByHandSide } from '../sides/by-hand-side.js';
import { DaemonSide, otherBuild } from '../sides/daemon-side.js';
import { LoopSide } from '../sides/loop-side.js';
import type { Side } from '../sides/side.js';
import { percentile, rounded } from '../statistics.js';
import { shown, table } from '../table.js';
import { arrival, Changes } from './changes.js';

/**
 * Single changes, one after the other, each until every peer has it: ours, the floor, the loop, in
 * turns.
 */
export async function latency(options: BenchOptions): Promise<Findings> {
  const cluster = await makeCluster(options);
  const changes = new Changes(cluster, options.seed);
  const sides: readonly Side[] = [
    new DaemonSide(cluster, options.logLevel),
    new ByHandSide(cluster),
    new LoopSide(cluster),
    ...otherBuild(options).map((build) => new DaemonSide(cluster, options.logLevel, build)),
  ];
  const found = new Map<Side, (number | undefined)[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const side = sides[(round + turn) % sides.length] as Side;
      const count = Math.ceil(
        (options.changes - (found.get(side)?.length ?? 0)) / (options.rounds - round),
      );
      await side.start();
      // The first change finds everything cold.
      await measure(side, cluster, changes, 1);
      const samples = await measure(side, cluster, changes, count);
      found.get(side)?.push(...samples);
      progress(`${side.name}: p50 ${shown(percentile(arrived(samples), 50))} ms`);
      await side.stop();
    }
  }
  return report(sides.map((side) => [side.name, found.get(side) ?? []] as const));
}

async function measure(
  side: Side,
  cluster: Cluster,
  changes: Changes,
  count: number,
): Promise<(number | undefined)[]> {
  const samples: (number | undefined)[] = [];
  for (let number = 0; number < count; number += 1) {
    await sleep(changes.pause());
    const { change, begun } = changes.make();
    const syncing = side.sync?.(change.path, false);
    samples.push(await arrival(change, cluster.peers, begun, limitSeconds));
    await syncing;
  }
  return samples;
}

function report(found: readonly (readonly [string, readonly (number | undefined)[]])[]): Findings {
  const [ours, floor, loop, ...others] = found.map(([name, samples]) => summary(name, samples)) as [
    Summary,
    Summary,
    Summary,
    ...Summary[],
  ];
  const rows = [ours, floor, loop, ...others].map(({ name, p50, p90, p99, most, lost, count }) => [
    ...[name, String(count), shown(p50), shown(p90), shown(p99), shown(most), String(lost)],
    ...[shown(ours.p50 / p50, 2), shown(ours.p99 / p99, 2)],
  ]);
  const head = [
    'milliseconds',
    'changes',
    'p50',
    'p90',
    'p99',
    'max',
    'lost',
    'ours/it p50',
    'ours/it p99',
  ];
  const [oursSamples = [], floorSamples = [], loopSamples = [], before] = found.map(
    ([, samples]) => samples,
  );
  return {
    table: table([head, ...rows]),
    samples: {
      ...{ ours: oursSamples, floor: floorSamples, loop: loopSamples },
      ...(before ? { before } : {}),
    },
    json: {
      ours_p50_ms: rounded(ours.p50),
      ours_p99_ms: rounded(ours.p99),
      floor_p50_ms: rounded(floor.p50),
      floor_p99_ms: rounded(floor.p99),
      loop_p50_ms: rounded(loop.p50),
      loop_p99_ms: rounded(loop.p99),
      ratio_floor_p50: rounded(ours.p50 / floor.p50, 3),
      ratio_loop_p50: rounded(ours.p50 / loop.p50, 3),
      ratio_loop_p99: rounded(ours.p99 / loop.p99, 3),
      lost: ours.lost,
      ...Object.fromEntries(
        others.flatMap(({ name, p50, p99 }) => [
          [`${name}_p50_ms`, rounded(p50)],
          [`${name}_p99_ms`, rounded(p99)],
          [`ratio_${name}_p50`, rounded(ours.p50 / p50, 3)],
        ]),
      ),
    },
  };
}

type Summary = ReturnType<typeof summary>;

/** Percentiles are of what arrived; what did not is `lost`. */
function summary(name: string, samples: readonly (number | undefined)[]) {
  const times = arrived(samples);
  const [p50, p90, p99, most] = [50, 90, 99, 100].map((percent) => percentile(times, percent)) as [
    number,
    number,
    number,
    number,
  ];
  return { name, p50, p90, p99, most, count: samples.length, lost: samples.length - times.length };
}

function arrived(samples: readonly (number | undefined)[]): number[] {
  return samples.filter((sample) => sample !== undefined);
}

const limitSeconds = 30;
