import { setTimeout as sleep } from 'node:timers/promises';
import { parseTimeline, type ToldTimeline } from '#src/observe/timeline-text.js';
import { stages } from '#src/sync/common/timeline.js';
import { BenchFailedError } from '../errors.js';
import type { Findings } from '../findings.js';
import { type Cluster, makeCluster } from '../hosts/cluster.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { DaemonSide, otherBuild } from '../sides/daemon-side.js';
import { percentile, rounded } from '../statistics.js';
import { shown, table } from '../table.js';
import { arrival, Changes } from './changes.js';

/** One change: how long until all peers had it, and the way to the one that accepted it last. */
interface Sample {
  readonly arrival: number | undefined;
  /** Undefined if it was no single change for the daemon. */
  readonly told: ToldTimeline | undefined;
  /** When it was made, milliseconds since 1970. */
  readonly madeAt: number;
}

/**
 * Single changes, one after the other, each until every peer has it, and what the sender's log
 * tells of their stages. With `--against` the other build takes turns, so that both see the same
 * machine.
 */
export async function trace(options: BenchOptions): Promise<Findings> {
  const cluster = await makeCluster(options);
  const changes = new Changes(cluster, options.seed);
  const sides = [
    new DaemonSide(cluster, 'debug'),
    ...otherBuild(options).map((build) => new DaemonSide(cluster, 'debug', build)),
  ];
  const found = new Map<DaemonSide, Sample[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const side = sides[(round + turn) % sides.length] as DaemonSide;
      const samples = found.get(side) ?? [];
      const count = Math.ceil((options.changes - samples.length) / (options.rounds - round));
      await side.start();
      // The first change finds everything cold.
      await follow(side, cluster, changes);
      for (let number = 0; number < count; number += 1)
        samples.push(await follow(side, cluster, changes));
      const told = samples.filter((sample) => sample.told).length;
      progress(`${side.name}: ${told} of ${samples.length} changes were told of`);
      await side.stop();
    }
  }
  return report([...found].map(([side, samples]) => [side.name, samples] as const));
}

async function follow(side: DaemonSide, cluster: Cluster, changes: Changes): Promise<Sample> {
  await sleep(changes.pause());
  const from = side.senderLog().length;
  const { change, begun } = changes.make();
  const milliseconds = await arrival(change, cluster.peers, begun, limitSeconds);
  // The daemon tells when csync2 has ended, and not when the peer has the file.
  const limit = performance.now() + tellSeconds * 1000;
  let told: readonly ToldTimeline[] = [];
  while (told.length < cluster.peers.length && performance.now() < limit) {
    await sleep(10);
    const lines = side.senderLog().slice(from).split('\n');
    told = lines.flatMap((line) => parseTimeline(line) ?? []);
    told = told.filter(({ path }) => path === change.path);
  }
  const isWhole = told.length === cluster.peers.length;
  const last = [...told].sort((one, other) => one.total - other.total).at(-1);
  return {
    arrival: milliseconds,
    told: isWhole ? last : undefined,
    madeAt: performance.timeOrigin + begun,
  };
}

function report(found: readonly (readonly [string, readonly Sample[]])[]): Findings {
  const sides = found.map(([name, samples]) => ({ name, times: timesOf(samples) }));
  for (const { name, times } of sides)
    if (times.get('total')?.length === 0)
      throw new BenchFailedError(
        `${name} has told of no change`,
        'is it a build that tells where the milliseconds go?',
      );
  const names = [...stages, 'total', 'arrival'];
  const head = ['milliseconds', ...sides.flatMap(({ name }) => [`${name} p50`, 'p90'])];
  const rows = names.map((stage) => [
    stage,
    ...sides.flatMap(({ times }) =>
      [50, 90].map((percent) => shown(percentile(times.get(stage) ?? [], percent), 1)),
    ),
  ]);
  const keys = ['ours', 'before'];
  const json = sides.map(({ times }, index) => [
    keys[index] ?? `side ${index}`,
    Object.fromEntries(
      names.map((stage) => {
        const [p50, p90] = [50, 90].map((percent) =>
          rounded(percentile(times.get(stage) ?? [], percent), 2),
        );
        return [stage, { p50, p90 }];
      }),
    ),
  ]);
  const [ours, before] = sides.map(({ times }) => percentile(times.get('arrival') ?? [], 50));
  return {
    table: table([head, ...rows]),
    samples: Object.fromEntries(
      found.map(([, samples], index) => [
        keys[index] ?? `side ${index}`,
        samples.map(({ told, madeAt }) => told && exact(told, madeAt).total),
      ]),
    ),
    json: {
      ...Object.fromEntries(json),
      told: Object.fromEntries(
        sides.map(({ times }, index) => [keys[index] ?? '', times.get('total')?.length]),
      ),
      ...(ours && before ? { ratio_before_p50: rounded(ours / before, 3) } : {}),
    },
  };
}

/** The milliseconds of each stage. One that a change has not come through has taken it none. */
function timesOf(samples: readonly Sample[]): ReadonlyMap<string, readonly number[]> {
  const told = samples.flatMap(({ told: each, madeAt }) => (each ? [exact(each, madeAt)] : []));
  const times = new Map<string, readonly number[]>(
    stages.map((stage) => [stage, told.map(({ spent }) => spent.get(stage) ?? 0)]),
  );
  times.set(
    'total',
    told.map(({ total }) => total),
  );
  times.set(
    'arrival',
    samples.flatMap((sample) => sample.arrival ?? []),
  );
  return times;
}

/**
 * The daemon has only the ctime to begin with, which the kernel sets some milliseconds early.
 */
function exact(told: ToldTimeline, madeAt: number): Pick<ToldTimeline, 'total' | 'spent'> {
  const early = madeAt - told.began;
  const kernel = (told.spent.get('kernel') ?? 0) - early;
  return {
    total: told.total - early,
    spent: new Map([...told.spent, ['kernel', kernel] as const]),
  };
}

const limitSeconds = 30;
const tellSeconds = 3;
