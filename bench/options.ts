import { parseArgs } from 'node:util';
import { BenchUsageError } from './errors.js';

/** What the command line asks for. */
export interface BenchOptions {
  readonly json: boolean;
  /** Files of the tree that is synchronised. */
  readonly files: number;
  /** Hosts; changes are made on the first. */
  readonly nodes: number;
  /** Single changes of each side. */
  readonly changes: number;
  /**
   * Blocks into which a measurement is cut, so that a drift of the machine hits all sides alike.
   */
  readonly rounds: number;
  /** New files at once. */
  readonly bulk: number;
  /** Directories of the tree that is only watched. */
  readonly dirs: number;
  /** Runs of each race. */
  readonly races: number;
  /** Files made at full speed. */
  readonly creates: number;
  /** Seconds of silence in which wake-ups are counted. */
  readonly idle: number;
  readonly seed: number;
  /** Where trees and databases are made. */
  readonly directory: string;
  /** A csync2 `tempdir` outside the watched part of the tree. */
  readonly tempdir: boolean;
  /** Only these of the compared tools. */
  readonly only: readonly string[] | undefined;
  /**
   * Milliseconds that a packet takes from one host to another and back, beside what the machine
   * takes.
   */
  readonly rtt: number;
  /** Another build's repository, which takes turns with this one; undefined for none. */
  readonly against: string | undefined;
  /** Keep the result in bench/results. */
  readonly save: boolean;
  /** What is to be known about the run, kept with the result. */
  readonly note: string;
  /** Where results are kept; undefined for bench/results. */
  readonly results: string | undefined;
  /** report: print what it would write. */
  readonly print: boolean;
  /** Leave directory and logs behind. */
  readonly keep: boolean;
  readonly logLevel: string;
}

export const usage = `usage: npm run bench -- NAME [OPTIONS]

  latency   one change at a time: how long until every peer has it
  trace     one change at a time: where the milliseconds go, stage by stage
  bulk      many new files at once, and single changes meanwhile
  checks    one change at a time while all hosts check the whole tree
  peers     one change at a time while another peer swallows all packets
  refused   one change at a time while a peer refuses 1, 60 and 1000 other files
  watch     time and memory that setting up the watches takes
  restart   the daemon's start, with and without the watches that the last run has left
  events    events lost, races, wake-ups
  report    writes plots of the saved results, and their part of docs/benchmarks.md

  --save            keep the result in bench/results, for report
  --note TEXT       with --save: what is to be known about the run
  --results DIR     where they are kept (bench/results)
  --print           report: print as JSON what would be written
  --json            end with one line of JSON
  --files N         files of the synchronised tree (170000)
  --nodes N         hosts (3)
  --rtt MS          latency, trace, bulk, checks, peers, refused: added round-trip time (0)
  --changes N       latency, trace, checks, peers, refused: single changes of each side (60)
  --rounds N        blocks in which the sides take turns (bulk 2; others 3)
  --bulk N          bulk: new files at once (10000)
  --dirs N          watch, restart: directories (100000)
  --races N         events: runs of each race (200)
  --creates N       events: files made at full speed (20000)
  --idle SECONDS    events: silence in which wake-ups are counted (60)
  --only A,B        watch, events: only these tools
  --against DIR     latency, trace: another build takes turns with this one
  --seed N          other names and contents (1)
  --directory DIR   where trees and databases are made (/var/tmp)
  --tempdir         give csync2 a tempdir outside the watched tree
  --log-level L     of the daemon, with --keep (info)
  --keep            leave directory and logs behind`;

/**
 * Reads the words after `npm run bench --`: the benchmark's name and its options.
 * Throws a {@link BenchUsageError}.
 */
export function parseWords(words: readonly string[]): { name: string; options: BenchOptions } {
  const { values, positionals } = parsed(words);
  const [name, ...more] = positionals;
  if (name === undefined) throw new BenchUsageError('which benchmark?', usage);
  if (more.length > 0)
    throw new BenchUsageError(`one benchmark at a time, not ${positionals.join(', ')}`, usage);
  const number = (key: NumberKey, otherwise: number) => numberOf(key, values[key]) ?? otherwise;
  return {
    name,
    options: {
      json: values.json === true,
      files: number('files', 170_000),
      nodes: number('nodes', 3),
      changes: number('changes', 60),
      rounds: number('rounds', name === 'bulk' ? 2 : 3),
      bulk: number('bulk', 10_000),
      dirs: number('dirs', 100_000),
      races: number('races', 200),
      creates: number('creates', 20_000),
      idle: number('idle', 60),
      seed: number('seed', 1),
      rtt: number('rtt', 0),
      save: values.save === true,
      note: values.note ?? '',
      results: values.results,
      against: values.against,
      print: values.print === true,
      directory: values.directory ?? '/var/tmp',
      tempdir: values.tempdir === true,
      only: values.only?.split(','),
      keep: values.keep === true,
      logLevel: values['log-level'] ?? 'info',
    },
  };
}

const numberKeys = [
  'files',
  'nodes',
  'changes',
  'rounds',
  'bulk',
  'dirs',
  'races',
  'creates',
  'idle',
  'seed',
  'rtt',
] as const;
type NumberKey = (typeof numberKeys)[number];
const numberOptions = Object.fromEntries(
  numberKeys.map((key) => [key, { type: 'string' }]),
) as Record<NumberKey, { type: 'string' }>;

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        ...numberOptions,
        directory: { type: 'string' },
        only: { type: 'string' },
        'log-level': { type: 'string' },
        note: { type: 'string' },
        results: { type: 'string' },
        against: { type: 'string' },
        json: { type: 'boolean' },
        save: { type: 'boolean' },
        print: { type: 'boolean' },
        tempdir: { type: 'boolean' },
        keep: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new BenchUsageError((error as Error).message, usage);
  }
}

function numberOf(key: string, word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(word))
    throw new BenchUsageError(`--${key} wants a whole number from 1, not ${word}`, usage);
  return Number(word);
}
