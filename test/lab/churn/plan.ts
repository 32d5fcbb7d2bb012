/**
 * What happens in one seed of a churn: the operations of every host, with their times. The same for
 * the same seed.
 */
import { Random } from '../../csync2/cfg/random.js';
import { Draws } from './draws.js';
import { type Blow, blowsOf } from './faults.js';
import { namesOf } from './names.js';

/**
 * `own`: each host has a folder of its own, so that no conflict is legitimate. `shared`: all hosts
 * work in one.
 */
export type Mode = 'own' | 'shared';

/**
 * One call of files.py: when, in milliseconds after the start, what, and its arguments. Paths have
 * one character a byte.
 */
export type Step = readonly [at: number, name: string, ...values: (string | number)[]];

/** A file that goes from host to host: each rewrites it as soon as it has arrived. */
export interface Chain {
  /** Below `in` of the folder that is handed over by turns. */
  readonly path: string;
  readonly at: number;
  readonly size: number;
  /** Who writes it, in order; the first begins. */
  readonly links: readonly Link[];
}

export interface Link {
  readonly host: number;
  /** The content's first line, which the next one waits for. */
  readonly token: string;
  /** How it is rewritten, and how many milliseconds after it has arrived. */
  readonly how: string;
  readonly delay: number;
}

export interface Plan {
  readonly seed: number;
  readonly mode: Mode;
  /** The steps of each host. */
  readonly streams: readonly (readonly Step[])[];
  readonly chains: readonly Chain[];
  /** What is done to the hosts meanwhile. */
  readonly blows: readonly Blow[];
}

/** How large a plan is to be. */
export interface PlanSize {
  readonly hosts: number;
  /** Operations of each host. */
  readonly operations: number;
  readonly mounts: boolean;
  readonly answers: boolean;
  /** Whether hosts are struck, and much slower, so that there is time to strike. */
  readonly faults: boolean;
  /** Bytes of the largest file. */
  readonly largest: number;
}

export function planOf(seed: number, mode: Mode, size: PlanSize): Plan {
  const random = new Random(seed * 2 + (mode === 'own' ? 0 : 1));
  const common = namesOf(random);
  // Milliseconds for each operation on average; some seeds are bursts.
  const usual = random.chance(15) ? 3 : 12 + random.below(9);
  const pace = size.faults ? 40 + random.below(40) : usual;
  const streams = Array.from({ length: size.hosts }, (_, host) => {
    const draws = new Draws(random, mode === 'own' ? namesOf(random) : common, {
      host,
      shared: mode === 'shared',
      mounts: size.mounts,
      largest: size.largest,
    });
    return timed(random, draws.steps(size.operations), pace);
  });
  const span = pace * size.operations;
  const chains = size.answers ? chainsOf(random, size, span) : [];
  const blows = size.faults ? blowsOf(random, size.hosts, span, 2 + random.below(5)) : [];
  return { seed, mode, streams, chains, blows };
}

/** How many milliseconds a plan takes. */
export function spanOf({ streams, chains }: Plan): number {
  return Math.max(
    0,
    ...streams.map((steps) => steps.at(-1)?.[0] ?? 0),
    ...chains.map(({ at }) => at),
  );
}

/** Gaps of very different lengths, most of them none at all, which add up to `pace` each. */
function timed(
  random: Random,
  steps: readonly (readonly [string, ...(string | number)[]])[],
  pace: number,
) {
  const gaps = steps.map(() => {
    if (random.chance(65)) return 0;
    if (random.chance(70)) return 1 + random.below(20);
    return random.chance(85) ? 20 + random.below(150) : 200 + random.below(900);
  });
  const scale =
    (pace * steps.length) /
    Math.max(
      1,
      gaps.reduce((sum, gap) => sum + gap, 0),
    );
  let at = 0;
  return steps.map((step, index): Step => {
    at += (gaps[index] ?? 0) * scale;
    return [Math.round(at), ...step];
  });
}

function chainsOf(random: Random, { hosts, operations }: PlanSize, span: number): readonly Chain[] {
  if (hosts < 2) return [];
  let token = 0;
  return random.times(1, 1 + Math.round(operations / 100), () => {
    const first = random.below(hosts);
    const links = random.times(2, 8, () => random.below(hosts));
    return {
      path: `in/${random.pick(['ping', 'pong', 'ball'])}-${token++}`,
      at: random.below(Math.max(1, Math.round(span))),
      size: random.pick([64, 64, 500, 20_000]),
      links: [first, ...links]
        // Nobody answers himself.
        .filter((host, index, all) => host !== all[index - 1])
        .map((host, index) => ({
          host,
          token: `${token}/${index}`,
          how: random.pick(['write', 'write', 'save', 'same_size', 'pinned']),
          delay: random.pick([0, 0, 10, 50, 200, 600]),
        })),
    };
  });
}
