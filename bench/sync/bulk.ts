import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Findings } from '../findings.js';
import { type Cluster, makeCluster } from '../hosts/cluster.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { ByHandSide } from '../sides/by-hand-side.js';
import { DaemonSide } from '../sides/daemon-side.js';
import { LoopSide } from '../sides/loop-side.js';
import type { Side } from '../sides/side.js';
import { percentile, rounded } from '../statistics.js';
import { shown, table } from '../table.js';
import { BulkTree } from './bulk-tree.js';
import { Changes } from './changes.js';
import { FreshChanges } from './fresh-changes.js';

/**
 * Many new files at once on one host, until all have them, and meanwhile a fresh change twice a
 * second. The floor by hand carries no fresh changes.
 */
export async function bulk(options: BenchOptions): Promise<Findings> {
  const cluster = await makeCluster(options);
  const changes = new Changes(cluster, options.seed);
  const sides: readonly Side[] = [
    new DaemonSide(cluster, options.logLevel),
    new ByHandSide(cluster),
    new LoopSide(cluster),
  ];
  const found = new Map<Side, Run[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    // There and back: what drifts hits the first as much as the last.
    for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
      const name = `bulk-${round}-${sides.indexOf(side)}`;
      await side.start();
      found.get(side)?.push(await measure(side, cluster, changes, name, options));
      await side.stop();
      await remove(cluster, name);
    }
  }
  return report(
    options.bulk,
    sides.map((side) => summary(side.name, found.get(side) ?? [])),
  );
}

interface Run {
  readonly seconds: number;
  readonly fresh: readonly (number | undefined)[];
}

async function measure(
  side: Side,
  { scratch, root, sender, peers }: Cluster,
  changes: Changes,
  name: string,
  options: BenchOptions,
): Promise<Run> {
  const tree = BulkTree.prepare(join(scratch, name), options.bulk, options.seed);
  const path = join(root, name);
  const fresh = new FreshChanges(changes, peers);
  const begun = performance.now();
  if (!side.sync) fresh.begin();
  await promisify(execFile)('cp', ['-r', tree.directory, sender.onMachine(path)]);
  progress(`${side.name}: ${options.bulk} files made in ${seconds(begun)} s`);
  const syncing = side.sync?.(path, true);
  const ended = await tree.arrival(peers.map((peer) => peer.onMachine(path)));
  progress(`${side.name}: on all peers after ${seconds(begun, ended)} s`);
  const samples = await fresh.end();
  await syncing;
  rmSync(tree.directory, { recursive: true });
  if (samples.length > 0)
    progress(`${side.name}: fresh changes: ${samples.map((ms) => shown(ms ?? null)).join(' ')} ms`);
  return { seconds: (ended - begun) / 1000, fresh: samples };
}

/** Takes the files away again on all hosts, behind csync2's back. */
async function remove({ hosts, root }: Cluster, name: string): Promise<void> {
  const path = join(root, name);
  for (const host of hosts) rmSync(host.onMachine(path), { recursive: true });
  await Promise.all(hosts.map((host) => host.run(['csync2', ...host.csync2Options, '-cIr', path])));
}

interface Summary {
  readonly name: string;
  /** Mean of all rounds. */
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly count: number;
  readonly lost: number;
}

function summary(name: string, runs: readonly Run[]): Summary {
  const samples = runs.flatMap((run) => run.fresh);
  const arrived = samples.filter((sample) => sample !== undefined);
  return {
    name,
    seconds: runs.reduce((sum, run) => sum + run.seconds, 0) / runs.length,
    p50: percentile(arrived, 50),
    p99: percentile(arrived, 99),
    most: percentile(arrived, 100),
    count: samples.length,
    lost: samples.length - arrived.length,
  };
}

function report(files: number, summaries: readonly Summary[]): Findings {
  const [ours, floor, loop] = summaries as [Summary, Summary, Summary];
  const rows = summaries.map(({ name, seconds, p50, p99, most, count, lost }) => [
    ...[name, shown(seconds, 1), shown(ours.seconds / seconds, 2), String(count)],
    ...[shown(p50), shown(p99), shown(most), String(lost)],
  ]);
  const head = [
    `${files} files`,
    'seconds',
    'ours/it',
    'fresh',
    'p50 ms',
    'p99 ms',
    'max ms',
    'lost',
  ];
  return {
    table: table([head, ...rows]),
    json: {
      files,
      ours_s: rounded(ours.seconds, 2),
      floor_s: rounded(floor.seconds, 2),
      loop_s: rounded(loop.seconds, 2),
      ratio_floor: rounded(ours.seconds / floor.seconds, 3),
      fresh_p50_ms: rounded(ours.p50),
      fresh_p99_ms: rounded(ours.p99),
      loop_fresh_max_ms: rounded(loop.most),
    },
  };
}

function seconds(from: number, to = performance.now()): string {
  return ((to - from) / 1000).toFixed(1);
}
