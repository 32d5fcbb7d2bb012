/** Carries out one plan on hosts and judges what became of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChurnCluster } from './hosts.js';
import { journalFaults, shadowDifferences, shadowFaults, statusFaults } from './judge.js';
import { differenceText, type Fault, type Fresh, type Outcome, unequalFaults } from './outcome.js';
import { type Plan, spanOf } from './plan.js';
import { Players } from './players.js';
import { Program } from './programs.js';
import type { Difference } from './snapshot.js';
import { Strikes } from './strikes.js';
import { type Bounds, over, Trees } from './trees.js';

export interface RunOptions extends Bounds {
  /** Whether fresh changes are measured meanwhile. */
  readonly probes: boolean;
  /**
   * How many times the plan is carried out at once, in folders side by side: a race is met sooner.
   * 1 unless told otherwise.
   */
  readonly copies?: number;
  /** Milliseconds for which equal trees must stay so, if not the usual. */
  readonly stillness?: number;
}

type ProbeLine = readonly [
  sender: number,
  receiver: number | null,
  milliseconds: number | null | string,
  time: number,
];

let runs = 0;

/** Runs a plan in a folder of its own, which is left as it is: {@link removeAll} comes next. */
export async function run(
  cluster: ChurnCluster,
  plan: Plan,
  options: RunOptions,
): Promise<Outcome> {
  const { hosts } = cluster;
  const copies = options.copies ?? 1;
  const name = `s${plan.seed}-${runs++}`;
  const shadows = mkdtempSync(join(tmpdir(), 'ics-churn-shadow-'));
  const since = Date.now();
  try {
    const trees = new Trees(cluster);
    const players = new Players(cluster, plan, {
      ...{ name, copies, pauses: shadows },
      shadows: plan.mode === 'own' ? shadows : undefined,
    });
    players.makeFolders();
    await trees.untilSettled(options.within + options.patience);

    const start = Date.now() + 700 + 150 * copies;
    const probing = {
      trees: hosts.map(({ tree }) => tree),
      folder: `${name}/probes`,
      interval: 0.5,
      patience: 30,
    };
    const prober = options.probes ? new Program<ProbeLine>('prober.py', probing, true) : undefined;
    players.start(start, start + spanOf(plan) + 5000);
    const strikes = new Strikes(cluster.striker, plan.blows, start, shadows);
    await Promise.all([players.operated, strikes.over]);
    // From now on it makes no more changes, and waits for those that it has made.
    const probed = prober?.end();
    const { converged, differences, statuses } = await trees.untilEqual(
      {
        last: () => Math.max(players.last(), strikes.last),
        open: players.open,
        stillness: options.stillness,
      },
      options,
    );
    const fresh = freshOf((await probed) ?? []);

    const faults: Fault[] = [];
    if (converged === null || converged > options.within) {
      faults.push(...unequalFaults(trees.worst, converged));
      const text = `all was done only after ${converged?.toFixed(1)} s`;
      if (converged !== null && faults.length === 0)
        faults.push({ kind: 'pending', sort: 'late', text, paths: [] });
    }
    const shadowed = plan.mode === 'own' ? shadowDifferences(trees, shadows, players.folders) : [];
    faults.push(...shadowFaults(shadowed, players.disturbed), ...statusFaults(cluster, statuses));
    faults.push(...(await journalFaults(cluster, plan, since)));
    return {
      struck: strikes.counts,
      notPossible: strikes.notPossible,
      ...{ faults, differences, converged, fresh, start, leftovers: trees.leftovers },
      ...{ done: players.done, answered: players.answered },
      ...lossesOf(differences, shadowed),
      detectedLate: statuses.reduce((sum, status) => sum + (status?.detectedLate ?? 0), 0),
      records: {
        'blows.txt': strikes.told.map((line) => `${line}\n`).join(''),
        'fresh.txt': fresh.map((each) => `${JSON.stringify(each)}\n`).join(''),
        'results.json': JSON.stringify(players.results),
        'differences.txt': [...differences, ...shadowed]
          .map((each) => `${differenceText(each)}\n`)
          .join(''),
        ...Object.fromEntries(
          statuses.map((status, index) => [
            `status-${hosts[index]?.name}.json`,
            JSON.stringify(status?.raw ?? null, null, 1),
          ]),
        ),
      },
    };
  } finally {
    rmSync(shadows, { recursive: true, force: true });
  }
}

/** One host removes all, and all trees must become empty. A fault if they don't. */
export async function removeAll(
  cluster: ChurnCluster,
  seed: number,
  bounds: Bounds,
): Promise<Fault[]> {
  const host = cluster.hosts[seed % cluster.hosts.length] ?? cluster.hosts[0];
  if (!host) return [];
  const trees = new Trees(cluster);
  for (const path of trees.read()[0]?.keys() ?? []) {
    if (!path.includes('/'))
      rmSync(Buffer.from(join(host.tree, path), 'latin1'), { recursive: true, force: true });
  }
  const { converged, differences, statuses } = await trees.untilEqual(over(), bounds);
  const left = trees.read()[0]?.size ?? 0;
  if (converged !== null && left === 0) return [];
  const [first] = differences;
  return [
    {
      kind: 'not removed',
      sort: first ? `${first.kind} ${first.type}` : left > 0 ? 'came back' : 'busy',
      text: first ? differenceText(first) : `${left} entries are left`,
      paths: [],
    },
    ...statusFaults(cluster, statuses),
  ];
}

/** What is not as its owner has made it: on another host, or even on the owner's own. */
function lossesOf(differences: readonly Difference[], shadowed: readonly Difference[]) {
  const gone = shadowed.filter(({ kind, texts }) => kind === 'missing' && texts[0] === 'nothing');
  const lost = new Set([...differences, ...shadowed].map(({ path }) => path));
  return { lost: lost.size - gone.length, wrongDeletions: gone.length };
}

function freshOf(lines: readonly ProbeLine[]): Fresh[] {
  return lines.flatMap(([sender, receiver, milliseconds, at]) =>
    receiver === null || typeof milliseconds === 'string'
      ? []
      : [{ sender, receiver, milliseconds, at }],
  );
}
