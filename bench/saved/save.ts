import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchFailedError } from '../errors.js';
import type { Findings } from '../findings.js';
import type { BenchOptions } from '../options.js';
import { fileNameOf, parseSavedResult, type SavedResult, textOf } from './saved-result.js';

// This file runs as build/bench/saved/save.js.
export const repository = fileURLToPath(new URL('../../../', import.meta.url));
const ownFolder = join(repository, 'bench/results');
// The run itself is not to count.
const [load = 0] = loadavg();

/** Keeps what a run has found. Returns the file's path. */
export function save(
  name: string,
  words: readonly string[],
  options: BenchOptions,
  findings: Findings,
): string {
  const result: SavedResult = {
    schema: 1,
    benchmark: name,
    date: new Date().toISOString().slice(0, 10),
    machine: {
      processors: cpus().length,
      model: cpus()[0]?.model.trim() ?? 'unknown',
      memory_gib: Number((totalmem() / 2 ** 30).toFixed(1)),
      load: Number(load.toFixed(1)),
      kernel: release().split('-')[0] ?? '',
    },
    versions: { inotify_csync: ownVersion(), node: process.versions.node, csync2: csync2Version() },
    method: {
      command: `npm run bench -- ${commandOf(words)}`,
      note: options.note,
      parameters: parametersOf(name, options),
    },
    found: findings.json,
    samples: Object.fromEntries(
      Object.entries(findings.samples ?? {}).map(([side, values]) => [
        side,
        values.map((value) => (value === undefined ? null : Number(value.toFixed(1)))),
      ]),
    ),
  };
  const folder = options.results ?? ownFolder;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, fileNameOf(result));
  writeFileSync(path, textOf(result));
  return path;
}

/**
 * All that are kept, by the names of their files. Throws a {@link BenchFailedError} for one that is
 * damaged.
 */
export function savedResults(folder = ownFolder): SavedResult[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort();
  return names.map((name) => {
    try {
      return parseSavedResult(readFileSync(join(folder, name), 'utf8'));
    } catch (error) {
      throw new BenchFailedError(`${join(folder, name)} is damaged`, 'repeat the run with --save', {
        cause: error,
      });
    }
  });
}

/** What tells runs of one benchmark from each other. */
function parametersOf(name: string, options: BenchOptions): Record<string, number> {
  switch (name) {
    case 'watch':
    case 'restart':
      return { dirs: options.dirs };
    case 'events':
      return { creates: options.creates, idle: options.idle };
    case 'bulk':
      return { files: options.files, nodes: options.nodes, rtt: options.rtt, bulk: options.bulk };
    default:
      return { files: options.files, nodes: options.nodes, rtt: options.rtt };
  }
}

/** Without the words that only say what becomes of the result, and where the other build lies. */
function commandOf(words: readonly string[]): string {
  const isOnlyForUs = (word: string | undefined) =>
    /^--(save|json|note|results)\b/.test(word ?? '');
  const takesNext = (word: string | undefined) => word === '--note' || word === '--results';
  return words
    .filter((word, index) => !isOnlyForUs(word) && !takesNext(words[index - 1]))
    .map((word, index, kept) => (kept[index - 1] === '--against' ? 'DIR' : word))
    .map((word) => word.replace(/^--against=.*$/s, '--against DIR'))
    .join(' ');
}

function ownVersion(): string {
  const text = readFileSync(join(repository, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * csync2 has no option for it, but begins its help with it, which it prints when it is told
 * nothing.
 */
function csync2Version(): string {
  const { stdout, stderr } = spawnSync('csync2', [], { encoding: 'utf8', input: '' });
  return /^csync2 (\S+)/m.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}
