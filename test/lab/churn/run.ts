/** Carries out one plan on hosts and judges what became of it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChurnCluster, type HostStatus, messageIds } from './hosts.js';
import {
  differenceText,
  type Fault,
  type FaultKind,
  type Fresh,
  type Outcome,
  unequalFaults,
} from './outcome.js';
import { type Chain, type Plan, spanOf } from './plan.js';
import { Program } from './programs.js';
import { type Difference, differencesOf, type Entry, Reader, timeless } from './snapshot.js';

/** How long, in seconds, something may take. */
export interface Bounds {
  /** From the last operation until the trees must be equal. */
  readonly within: number;
  /** How long trees that are not equal by then are looked at, to tell what is late from what is lost. */
  readonly patience: number;
}

export interface RunOptions extends Bounds {
  /** Whether fresh changes are measured meanwhile. */
  readonly probes: boolean;
}

/** What an operator says of one step: when, in milliseconds after the start, and why it failed, in the tree and in the shadow. */
type StepResult = readonly [at: number, error: string | null, shadowError: string | null];
type ProbeLine = readonly [
  sender: number,
  receiver: number | null,
  milliseconds: number | null | string,
  time: number,
];

let runs = 0;

/** Runs a plan in a folder of its own, which is left as it is: {@link removeAll} comes next. */
export async function run(cluster: ChurnCluster, plan: Plan, options: RunOptions): Promise<Outcome> {
  const { hosts } = cluster;
  const name = `s${plan.seed}-${runs++}`;
  const shadows = mkdtempSync(join(tmpdir(), 'ics-churn-shadow-'));
  const since = Date.now();
  try {
    const trees = new Trees(cluster);
    const first = hosts[plan.seed % hosts.length] ?? hosts[0];
    if (!first) throw new RangeError('there are no hosts');
    const folders = foldersOf(plan, hosts.length);
    for (const folder of [...folders, 'turns', ...hosts.map((_, index) => `probes/${index}`)])
      mkdirSync(join(first.tree, name, folder), { recursive: true });
    for (const host of hosts) {
      rmSync(host.outside, { recursive: true, force: true });
      mkdirSync(join(host.outside, 'out'), { recursive: true });
    }
    await trees.untilSettled(options.within + options.patience);

    const start = Date.now() + 700;
    const prober = options.probes
      ? new Program<ProbeLine>(
          'prober.py',
          { trees: hosts.map(({ tree }) => tree), folder: `${name}/probes`, interval: 0.5, patience: 30 },
          true,
        )
      : undefined;
    const operators = hosts.map((host, index) => {
      const shadow = plan.mode === 'own' ? join(shadows, `${index}`) : null;
      if (shadow) for (const side of ['in', 'out']) mkdirSync(join(shadow, side), { recursive: true });
      return new Program<StepResult>('operator.py', {
        inside: join(host.tree, name, folders[index] ?? ''),
        outside: join(host.outside, 'out'),
        shadow,
        enter: host.enter,
        seen: join(host.seen, name, folders[index] ?? ''),
        start: start / 1000,
        steps: plan.streams[index] ?? [],
      });
    });
    const answerers = hosts.map(
      (host, index) =>
        new Program<number | null>('answerer.py', {
          inside: join(host.tree, name, 'turns'),
          outside: join(host.outside, 'out'),
          start: start / 1000,
          until: (start + spanOf(plan)) / 1000 + 5,
          begins: plan.chains
            .filter(({ links }) => links[0]?.host === index)
            .map(({ at, path, size, links }) => ({ at, path, size, token: links[0]?.token })),
          answers: answersOf(plan.chains, index),
        }),
    );
    const results = await Promise.all(operators.map((operator) => operator.result()));
    let last = Date.now();
    const answers = (await Promise.all(answerers.map((answerer) => answerer.result()))).flat();
    last = Math.max(last, ...answers.map((time) => (time ?? 0) * 1000));
    // From now on it makes no more changes, and waits for those that it has made.
    const probed = prober?.end();

    const { converged, differences, statuses } = await trees.untilEqual(last, options);
    const fresh = freshOf((await probed) ?? []);
    const faults: Fault[] = [];
    if (converged === null || converged > options.within) {
      faults.push(...unequalFaults(trees.worst, converged));
      if (converged !== null && trees.worst.length === 0)
        faults.push({
          kind: 'pending',
          sort: 'late',
          text: `all was done only after ${converged.toFixed(1)} s`,
          paths: [],
        });
    }
    const shadowed = plan.mode === 'own' ? shadowDifferences(trees, shadows, name, folders) : [];
    if (shadowed[0]) {
      const [{ kind, type }] = shadowed as [Difference];
      const text = `${differenceText(shadowed[0])} (the tree | what the operations make)${shadowed.length > 1 ? ` and ${shadowed.length - 1} more` : ''}`;
      faults.push({
        kind: 'changed by others',
        sort: `${kind} ${type}`,
        text,
        paths: shadowed.slice(0, 3).map(({ path }) => path),
      });
    }
    faults.push(...statusFaults(cluster, statuses));
    faults.push(...(await journalFaults(cluster, plan, since)));
    return {
      faults,
      differences,
      converged,
      fresh,
      leftovers: trees.leftovers,
      done: results.flat().filter(([, error]) => error === null).length,
      answered: answers.filter((time) => time !== null).length,
      start,
      records: {
        'results.json': JSON.stringify(results),
        'differences.txt': [...differences, ...shadowed].map((each) => `${differenceText(each)}\n`).join(''),
        ...Object.fromEntries(
          statuses.map((status, index) => [
            `status-${hosts[index]?.name}.json`,
            JSON.stringify(status?.raw, null, 1),
          ]),
        ),
      },
    };
  } finally {
    rmSync(shadows, { recursive: true, force: true });
  }
}

/** One host removes all, and all trees must become empty. A fault if they don't. */
export async function removeAll(cluster: ChurnCluster, seed: number, seconds: number): Promise<Fault[]> {
  const host = cluster.hosts[seed % cluster.hosts.length] ?? cluster.hosts[0];
  if (!host) return [];
  const trees = new Trees(cluster);
  for (const path of trees.read()[0]?.keys() ?? []) {
    if (!path.includes('/'))
      rmSync(Buffer.from(join(host.tree, path), 'latin1'), { recursive: true, force: true });
  }
  const since = Date.now();
  const { converged, differences, statuses } = await trees.untilEqual(since, {
    within: seconds,
    patience: 0,
  });
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

function foldersOf({ mode }: Plan, hosts: number): readonly string[] {
  return Array.from({ length: hosts }, (_, index) => (mode === 'own' ? `own-${index + 1}` : 'shared'));
}

function answersOf(chains: readonly Chain[], host: number) {
  return chains.flatMap(({ path, size, links }) =>
    links.flatMap((link, index) => {
      const before = links[index - 1];
      return before && link.host === host
        ? [{ path, size, expected: before.token, token: link.token, how: link.how, delay: link.delay }]
        : [];
    }),
  );
}

function freshOf(lines: readonly ProbeLine[]): Fresh[] {
  return lines.flatMap(([sender, receiver, milliseconds]) =>
    receiver === null || typeof milliseconds === 'string' ? [] : [{ sender, receiver, milliseconds }],
  );
}

/** In own mode nobody else touches a host's folder: it must be what its operations make elsewhere. */
function shadowDifferences(
  trees: Trees,
  shadows: string,
  name: string,
  folders: readonly string[],
): Difference[] {
  return trees.read().flatMap((tree, index) => {
    const below = `${name}/${folders[index]}/`;
    const real = new Map(
      [...tree].flatMap(([path, entry]) => (path.startsWith(below) ? [[path, entry] as const] : [])),
    );
    const shadow = [...new Reader(join(shadows, `${index}`, 'in')).read()];
    return differencesOf([real, new Map(shadow.map(([path, entry]) => [below + path, entry]))], timeless);
  });
}

function statusFaults({ hosts }: ChurnCluster, statuses: readonly (HostStatus | undefined)[]): Fault[] {
  return statuses.flatMap((status, index): Fault[] => {
    const host = hosts[index];
    if (!host) return [];
    const fault = (kind: FaultKind, sort: string, text: string, path?: string): Fault => {
      const below = path?.startsWith(`${host.seen}/`) ? [path.slice(host.seen.length + 1)] : [];
      return { kind, sort, text: `${host.name}: ${text}`, paths: below };
    };
    if (!status) return [fault('not well', 'does not answer', 'it does not answer')];
    const held = new Map(status.onHold.map(({ path, reason }) => [reason, path]));
    const faults = [...held].map(([reason, path]) =>
      fault('on hold', reason, `${JSON.stringify(path)} and ${status.onHold.length - 1} more`, path),
    );
    if (status.pending !== 0) faults.push(fault('pending', '', `${status.pending} changes are pending`));
    if (!status.healthy) faults.push(fault('not well', 'degraded', status.problems.slice(0, 3).join('; ')));
    else if (!status.quiet) faults.push(fault('not well', 'busy', 'it is still busy'));
    return faults;
  });
}

async function journalFaults({ hosts }: ChurnCluster, { mode }: Plan, since: number): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const host of hosts) {
    for (const { message, fields } of await host.journal(since)) {
      if (fields.MESSAGE_ID === messageIds.fullCheckBegun)
        faults.push({
          kind: 'full check',
          sort: fields.REASON ?? '',
          text: `${host.name}: ${message}`,
          paths: [],
        });
      if (fields.MESSAGE_ID === messageIds.conflict && mode === 'own')
        faults.push({ kind: 'false conflict', sort: '', text: `${host.name}: ${message}`, paths: [] });
    }
  }
  return faults;
}

/** The hosts' trees. csync2's temporary files are kept apart. */
class Trees {
  readonly #cluster: ChurnCluster;
  readonly #readers: readonly Reader[];
  leftovers: string[] = [];
  /** The differences when the time was over within which there should have been none. */
  worst: readonly Difference[] = [];

  constructor(cluster: ChurnCluster) {
    this.#cluster = cluster;
    this.#readers = cluster.hosts.map(({ tree }) => new Reader(tree));
  }

  read(): Map<string, Entry>[] {
    this.leftovers = [];
    return this.#readers.map((reader, index) => {
      const tree = reader.read(new Set(['outside']));
      for (const path of tree.keys()) {
        if (!isTemporary(path)) continue;
        this.leftovers.push(`${this.#cluster.hosts[index]?.name}: ${JSON.stringify(path)}`);
        tree.delete(path);
      }
      return tree;
    });
  }

  async untilSettled(seconds: number): Promise<void> {
    const { converged, differences } = await this.untilEqual(Date.now(), { within: seconds, patience: 0 });
    if (converged === null)
      throw new Error(`the folders of the seed did not come: ${differences.map(differenceText)[0]}`);
  }

  /** Waits until all trees are equal and nobody has anything to do, twice in a row. */
  async untilEqual(last: number, { within, patience }: Bounds) {
    let since: number | undefined;
    let resignedAt: number | undefined;
    this.worst = [];
    for (;;) {
      const now = Date.now();
      const differences = differencesOf(this.read());
      const statuses = await Promise.all(this.#cluster.hosts.map((host) => host.status()));
      const settled = differences.length === 0 && statuses.every((status) => status?.quiet);
      if (!settled) since = undefined;
      else since ??= now;
      if (since !== undefined && now - since >= stillness)
        return { converged: Math.max(0, since - last) / 1000, differences, statuses };
      const late = (now - last) / 1000;
      if (late > within && this.worst.length === 0) this.worst = differences;
      // Daemons that have nothing to do will not make equal what is not.
      const resting = statuses.every((status) => status?.quiet) && differences.length > 0;
      if (!resting) resignedAt = undefined;
      else resignedAt ??= now;
      const resigned = resignedAt !== undefined && now - resignedAt > 5000;
      if (late > within && (resigned || late > within + patience + stillness / 1000))
        return { converged: null, differences, statuses };
      await sleep(150);
    }
  }
}

/** Milliseconds for which trees must stay equal, so that what is sent back late is seen, too. */
const stillness = 700;

/** csync2's own temporary files end in six letters that the churn's programs never draw together. */
function isTemporary(path: string): boolean {
  const letters = /(?:^|\/)\.[^/]*\.([A-Za-z0-9]{6})$/s.exec(path)?.[1];
  return letters !== undefined && letters !== 'config' && !/^[abcXYZ019]*$/.test(letters);
}
