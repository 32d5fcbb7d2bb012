/** Many seeds on one cluster, and what they come to. */

import { keepEvidence } from './evidence.js';
import type { ChurnCluster } from './hosts.js';
import type { ChurnOptions } from './options.js';
import { type Fault, hasSort, type Outcome } from './outcome.js';
import { type Mode, type Plan, planOf } from './plan.js';
import { type RunOptions, removeAll, run } from './run.js';
import { scriptOf } from './show.js';
import { countOf, shrunk } from './shrink.js';
import { quantiles, type Summary, summaryOf } from './summary.js';

/** A sort of failure, with the seeds that had it. */
export interface Finding {
  readonly fault: Fault;
  readonly mode: Mode;
  readonly seeds: number[];
  readonly folder: string;
  /** The fewest operations that were seen to fail so, as a script. */
  script: string | undefined;
}

/**
 * Seeds one after the other. The cluster is made again after a failure and when the mode changes.
 */
export class Campaign {
  readonly findings: Finding[] = [];
  readonly #cluster: ChurnCluster;
  readonly #options: ChurnOptions;
  readonly #directory: string;
  readonly #say: (text: string) => void;
  readonly #outcomes: Outcome[] = [];
  #clean: Mode | undefined;

  constructor(
    cluster: ChurnCluster,
    options: ChurnOptions,
    directory: string,
    say: (text: string) => void,
  ) {
    this.#cluster = cluster;
    this.#options = options;
    this.#directory = directory;
    this.#say = say;
  }

  async run(plans: Iterable<Plan> = this.#plans()): Promise<Summary> {
    const { minutes, within, patience, copies } = this.#options;
    const deadline = Date.now() + minutes * 60_000;
    for (const plan of plans) {
      if (Date.now() > deadline) break;
      const outcome = await this.#one(plan, { within, patience, copies, probes: true });
      this.#outcomes.push(outcome);
      this.#say(lineOf(plan, outcome));
      if (outcome.faults.length > 0) await this.#failed(plan, outcome);
      else if (
        outcome.fresh.some(({ milliseconds }) => (milliseconds ?? 60_000) > this.#options.slow)
      )
        this.#say(`    kept in ${await this.#keep(plan, outcome)}`);
      if (outcome.faults.length > 0 && this.#options.keep) break;
    }
    return this.summary();
  }

  summary(): Summary {
    return summaryOf(
      this.#outcomes,
      this.#cluster.hosts.map(({ name }) => name),
    );
  }

  /**
   * What was found, the most frequent first, with the fewest operations where they were looked for.
   */
  report(): string {
    const findings = [...this.findings].sort((a, b) => b.seeds.length - a.seeds.length);
    return findings
      .map(({ fault, mode, seeds, folder, script }) => {
        const title = `${seeds.length} seeds, ${mode}: ${fault.kind} (${fault.sort}): seeds ${seeds.join(' ')}; ${folder}`;
        return [title, `  ${fault.text}`, ...(script === undefined ? [] : [script])].join('\n');
      })
      .join('\n');
  }

  *#plans(): Iterable<Plan> {
    const { seed, seeds, modes, nodes, operations, mounts, answers, faults, largest } =
      this.#options;
    for (let index = 0; index < seeds; index++) {
      // By turns, but not each time: a change of mode costs new hosts.
      const mode = modes[Math.floor(index / 5) % modes.length] as Mode;
      yield planOf(seed + index, mode, {
        hosts: nodes,
        operations,
        mounts,
        answers,
        faults,
        largest,
      });
    }
  }

  async #one(plan: Plan, options: RunOptions): Promise<Outcome> {
    try {
      if (this.#clean !== plan.mode)
        await this.#cluster.reset(plan.mode === 'own' ? 'none' : 'younger');
      this.#clean = plan.mode;
      const outcome = await run(this.#cluster, plan, options);
      if (outcome.faults.length > 0) return outcome;
      const detectedLate = outcome.detectedLate + (await this.#cluster.fullCheck());
      return {
        ...outcome,
        detectedLate,
        faults: await removeAll(this.#cluster, plan.seed, options),
      };
    } catch (error) {
      return brokenOutcome(error as Error);
    }
  }

  async #failed(plan: Plan, outcome: Outcome): Promise<void> {
    this.#clean = undefined;
    for (const { kind, sort, text } of outcome.faults) this.#say(`    ${kind} (${sort}): ${text}`);
    const folder = await this.#keep(plan, outcome);
    this.#say(`    kept in ${folder}`);
    const found = new Map(outcome.faults.map((fault) => [`${fault.kind} ${fault.sort}`, fault]));
    const fresh: Finding[] = [];
    for (const fault of found.values()) {
      const known = this.findings.find(
        (each) => each.mode === plan.mode && hasSort([fault], each.fault),
      );
      known?.seeds.push(plan.seed);
      if (!known)
        fresh.push({ fault, mode: plan.mode, seeds: [plan.seed], folder, script: undefined });
    }
    this.findings.push(...fresh);
    for (const finding of fresh) {
      if (this.#options.shrink > 0 && !this.#options.keep && isCause(finding.fault, fresh))
        finding.script = await this.#shrink(plan, finding.fault);
    }
  }

  #keep(plan: Plan, outcome: Outcome): Promise<string> {
    const name = `seed-${plan.seed}-${plan.mode}`;
    return keepEvidence(this.#directory, name, this.#cluster, plan, outcome);
  }

  async #shrink(plan: Plan, fault: Fault): Promise<string | undefined> {
    this.#say(`  shrinking ${fault.kind} (${fault.sort})`);
    const deadline = Date.now() + this.#options.shrink * 1000;
    const name = `seed-${plan.seed}-${plan.mode}-${`${fault.kind} ${fault.sort}`.replace(/[^a-z]+/g, '-')}`;
    const { within, patience } = this.#options;
    // What comes late must be waited for; what never comes shows as soon as all have nothing more
    // to do.
    const bounds = / late$/.test(fault.sort) ? { within, patience } : { within: 3, patience: 15 };
    const probes = fault.sort.includes('probes folder');
    let smallest: { plan: Plan; folder: string } | undefined;
    const fails = async (smaller: Plan): Promise<boolean> => {
      // What fails is a race, and needs luck: the smaller, the cheaper are further tries, also
      // several at once.
      const few = countOf(smaller) <= 60;
      const copies = few ? 4 : 1;
      for (let round = 0; round < (few ? 3 : 2) && Date.now() < deadline; round++) {
        const again = await this.#one(smaller, { ...bounds, probes, copies });
        if (again.faults.length > 0) this.#clean = undefined;
        if (!hasSort(again.faults, fault)) continue;
        smallest = {
          plan: smaller,
          folder: await keepEvidence(this.#directory, name, this.#cluster, smaller, again),
        };
        this.#say(
          `    fails with ${countOf(smaller)} operations${copies > 1 ? `, ${copies} times at once` : ''}`,
        );
        return true;
      }
      return false;
    };
    await shrunk(plan, fault.paths, fails, deadline);
    this.#clean = undefined;
    if (!smallest) {
      this.#say('    did not fail so again');
      return undefined;
    }
    const script = scriptOf(smallest.plan);
    const lines = script.trimEnd().split('\n').slice(0, 40);
    this.#say(
      [`    the fewest operations, kept in ${smallest.folder}:`, ...lines].join('\n      '),
    );
    return script;
  }
}

/** Whether a fault is not merely what follows from another one of the same seed. */
function isCause({ kind }: Fault, findings: readonly Finding[]): boolean {
  const others = new Set(findings.map(({ fault }) => fault.kind));
  if (kind === 'broken') return false;
  const follows = kind === 'pending' || kind === 'not well' || kind === 'false conflict';
  return !follows || !(others.has('on hold') || others.has('unequal'));
}

function brokenOutcome(error: Error): Outcome {
  const text = error.message.slice(0, 500);
  return {
    faults: [{ kind: 'broken', sort: '', text, paths: [] }],
    ...{ differences: [], fresh: [], leftovers: [], struck: {}, notPossible: {} },
    ...{
      converged: null,
      detectedLate: 0,
      lost: 0,
      wrongDeletions: 0,
      done: 0,
      answered: 0,
      start: Date.now(),
    },
    records: { 'error.txt': error.stack ?? text },
  };
}

function lineOf({ seed, mode }: Plan, outcome: Outcome): string {
  const { converged, done, answered, leftovers, faults } = outcome;
  const [p50, , , max] = quantiles(outcome.fresh);
  const never = outcome.differences.length > 0 ? 'not equal' : 'equal, but not done';
  const equal = converged === null ? never : `equal after ${converged.toFixed(1)} s`;
  const left =
    leftovers.length > 0 ? `, ${leftovers.length} temporary files left (${leftovers[0]})` : '';
  const kinds = Object.keys(outcome.notPossible);
  const notPossible = kinds.length > 0 ? `, not possible here: ${kinds.join(', ')}` : '';
  const late = outcome.detectedLate > 0 ? `, ${outcome.detectedLate} detected late` : '';
  return `seed ${seed} ${mode}: ${faults.length === 0 ? 'well' : 'FAILED'}, ${done} operations, ${answered} answers, ${equal}, fresh ${p50 ?? '-'} to ${max ?? '-'} ms${left}${late}${notPossible}`;
}
