import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../hosts/host.js';
import { percentile } from '../statistics.js';
import { shown, table } from '../table.js';
import { arrival, type Changes } from './changes.js';

/** Milliseconds of each change until the last host had it; undefined for one that was lost. */
export type Samples = readonly (number | undefined)[];

/** Makes changes one after another, each when `peers` have the one before and after a pause. */
export async function singleChanges(
  changes: Changes,
  peers: readonly Host[],
  count: number,
): Promise<Samples> {
  const samples: (number | undefined)[] = [];
  for (let number = 0; number < count; number += 1) {
    await sleep(changes.pause());
    const { change, begun } = changes.make();
    samples.push(await arrival(change, peers, begun, limitSeconds));
  }
  return samples;
}

/** Those that were not lost. */
export function arrived(samples: Samples): number[] {
  return samples.filter((sample) => sample !== undefined);
}

/** A line of percentiles for each. */
export function samplesTable(title: string, rows: Readonly<Record<string, Samples>>): string {
  const lines = Object.entries(rows).map(([name, samples]) => {
    const times = arrived(samples);
    const cells = [50, 90, 99, 100].map((percent) => shown(percentile(times, percent)));
    return [name, String(samples.length), ...cells, String(samples.length - times.length)];
  });
  return table([[title, 'changes', 'p50', 'p90', 'p99', 'max', 'lost'], ...lines]);
}

const limitSeconds = 60;
