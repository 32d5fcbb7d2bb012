/** Reads the words after `npm run churn --`. */
import { parseArgs } from 'node:util';
import type { Mode } from './plan.js';

export interface ChurnOptions {
  readonly seeds: number;
  readonly seed: number;
  readonly minutes: number;
  readonly nodes: number;
  readonly modes: readonly Mode[];
  readonly operations: number;
  /** How often each seed is done at once, in folders side by side. */
  readonly copies: number;
  readonly faults: boolean;
  /** Nodes in namespaces in place of booted hosts. */
  readonly namespaces: boolean;
  readonly mounts: boolean;
  /** Whether hosts answer files that have just arrived. */
  readonly answers: boolean;
  readonly within: number;
  readonly patience: number;
  readonly largest: number;
  /** Seconds for shrinking each sort of failure. */
  readonly shrink: number;
  /**
   * Milliseconds: what is known of a seed in which a fresh change took longer is kept, though that
   * is no fault.
   */
  readonly slow: number;
  readonly directory: string | undefined;
  readonly replay: string | undefined;
  readonly logLevel: string;
  /** The setting of the daemons. */
  readonly checker: string;
  readonly json: boolean;
  readonly keep: boolean;
}

export const usage = `usage: npm run churn -- [OPTIONS]

Random operations on all hosts at once; in the end all trees must be equal. Exit 0 only if all was well.

  --seeds N           how many (100)
  --minutes M         and no longer than so many (600)
  --seed S            the first (1)
  --nodes N           hosts (3)
  --mode own|shared   each host in a folder of its own, where no conflict is legitimate, or all in one; else by turns
  --operations N      of each host in a seed (400)
  --copies N          each seed so many times at once, side by side: few operations meet many races (1)
  --namespaces        nodes in namespaces in place of booted hosts; without --faults
  --faults            kill, cut and stop things meanwhile, and fill disks: small ones of the hosts' own, never this machine's
  --mounts            mount and unmount in the trees, too
  --no-answers        without files that a host rewrites as soon as they have arrived from another one
  --within S          seconds from the last operation to equal trees (10; with --faults 60)
  --patience S        how much longer trees are looked at, to tell what is late from what never comes (20)
  --largest BYTES     of a file (100000000; with --faults 5000000)
  --shrink S          seconds spent on shrinking each sort of failure, 0 for none (600)
  --slow MS             what is known of a seed in which a fresh change took longer is kept, too
  --replay FILE       the plan of a kept failure (plan.json) in place of seeds, --seeds times
  --directory DIR     where failures are kept (a new one in the temporary directory)
  --log-level L       of the daemons (info)
  --checker C         of the daemons: csync2 or auto (csync2)
  --json              end with one line of JSON
  --keep              end with the first failure, and leave the hosts running`;

/** Throws an Error with a text for people. */
export function parseWords(words: readonly string[]): ChurnOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      ...Object.fromEntries(texts.map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' as const }])),
    },
  });
  const text = (name: (typeof texts)[number]) => values[name] as string | undefined;
  const number = (name: (typeof texts)[number], otherwise: number) => {
    const word = text(name);
    if (word === undefined) return otherwise;
    if (!/^\d+(\.\d+)?$/.test(word)) throw new Error(`--${name} wants a number, not ${word}`);
    return Number(word);
  };
  const mode = text('mode');
  if (mode !== undefined && mode !== 'own' && mode !== 'shared')
    throw new Error(`--mode wants own or shared, not ${mode}`);
  const faults = values.faults === true;
  if (faults && values.namespaces === true) throw new Error('--faults needs booted hosts');
  return {
    seeds: number('seeds', 100),
    seed: number('seed', 1),
    minutes: number('minutes', 600),
    nodes: number('nodes', 3),
    modes: mode ? [mode] : ['own', 'shared'],
    operations: number('operations', 400),
    copies: number('copies', 1),
    faults,
    namespaces: values.namespaces === true,
    mounts: values.mounts === true,
    answers: values['no-answers'] !== true,
    within: number('within', faults ? 60 : 10),
    patience: number('patience', 20),
    largest: number('largest', faults ? 5_000_000 : 100_000_000),
    shrink: number('shrink', 600),
    slow: number('slow', Number.POSITIVE_INFINITY),
    directory: text('directory'),
    replay: text('replay'),
    logLevel: text('log-level') ?? 'info',
    checker: text('checker') ?? 'csync2',
    json: values.json === true,
    keep: values.keep === true,
  };
}

const texts = [
  ...([
    'seeds',
    'minutes',
    'seed',
    'nodes',
    'mode',
    'operations',
    'copies',
    'within',
    'patience',
    'largest',
    'shrink',
    'slow',
  ] as const),
  ...(['replay', 'directory', 'log-level', 'checker'] as const),
];
const flags = ['faults', 'namespaces', 'mounts', 'no-answers', 'json', 'keep'] as const;
