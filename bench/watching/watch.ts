import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { NotRootError } from '../errors.js';
import type { Findings } from '../findings.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { median, rounded } from '../statistics.js';
import { shown, table } from '../table.js';
import { nothing } from './tools/nothing.js';
import { makeWideTree } from './wide-tree.js';
import { Workshop } from './workshop.js';

/**
 * Time until every directory is watched, with warm and with cold caches, and the memory that takes,
 * tool by tool.
 */
export async function watch(options: BenchOptions): Promise<Findings> {
  if (process.getuid?.() !== 0) throw new NotRootError('what happens with cold caches');
  const workshop = await Workshop.set(options);
  const bareLoop = workshop.compile('bare_loop');
  const root = join(workshop.directory, 'tree');
  progress(`making ${options.dirs} directories`);
  await makeWideTree(root, options.dirs);
  const empty = await emptyProcess(workshop);
  const loop = { name: 'c_loop', title: `C loop, ${threads} threads`, runs: [] as Run[] };
  const subjects: Subject[] = workshop.candidates.map(({ tool, installed }) => ({
    ...{ name: tool.name, title: tool.title, runs: [] },
    ...('obstacle' in installed
      ? { obstacle: installed.obstacle }
      : {
          measure: (cold: boolean) =>
            measureTool(workshop, tool.name, installed.directory, root, cold),
        }),
  }));
  subjects.splice(1, 0, { ...loop, measure: (cold) => measureLoop(bareLoop, root, cold) });
  // Whoever came first would warm the caches for the others.
  await measureLoop(bareLoop, root, false);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const cold of [false, true])
      for (const subject of subjects) await measureOnce(subject, cold);
  }
  return report(options.dirs, subjects, empty);
}

interface Run {
  readonly cold: boolean;
  readonly seconds: number;
  readonly megabytes: number | undefined;
}

interface Subject {
  readonly name: string;
  readonly title: string;
  readonly runs: Run[];
  obstacle?: string;
  measure?: (cold: boolean) => Promise<Run>;
}

/** One that fails is not tried again, and says why; one that takes minutes is measured once. */
async function measureOnce(subject: Subject, cold: boolean): Promise<void> {
  if (!subject.measure || subject.obstacle !== undefined) return;
  if (subject.runs.some((run) => run.cold === cold && run.seconds > patienceSeconds)) return;
  try {
    const run = await subject.measure(cold);
    subject.runs.push(run);
    progress(`${subject.title}: ${cold ? 'cold' : 'warm'} ${run.seconds.toFixed(2)} s`);
  } catch (error) {
    subject.obstacle = (error as Error).message.split('\n')[0] ?? 'failed';
    progress(`${subject.title}: ${subject.obstacle}`);
  }
  // The kernel frees a hundred thousand watches after their process has gone.
  await sleep(1500);
}

async function measureTool(
  workshop: Workshop,
  name: string,
  installed: string,
  root: string,
  cold: boolean,
): Promise<Run> {
  const tool =
    workshop.candidates.find((candidate) => candidate.tool.name === name)?.tool ?? nothing;
  const started = await workshop.load(tool, installed);
  try {
    if (cold) dropCaches();
    const seconds = await started.open(root);
    return { cold, seconds, megabytes: started.megabytes };
  } finally {
    await started.end();
  }
}

async function measureLoop(program: string, root: string, cold: boolean): Promise<Run> {
  if (cold) dropCaches();
  const { stdout } = await promisify(execFile)(program, [root, String(threads)]);
  return { cold, seconds: Number(stdout.split(' ')[0]), megabytes: undefined };
}

async function emptyProcess(workshop: Workshop): Promise<number> {
  const started = await workshop.load(nothing, '');
  await started.open('/');
  const { megabytes } = started;
  await started.end();
  return megabytes;
}

/**
 * proc_sys_vm(5): pages, directory entries and inodes are forgotten, but only those that need no
 * writing.
 */
function dropCaches(): void {
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}

function report(dirs: number, subjects: readonly Subject[], empty: number): Findings {
  const results = subjects.map((subject) => ({ ...subject, ...figures(subject.runs) }));
  const byName = (name: string) => results.find((result) => result.name === name);
  const [ours, loop, wait] = [byName('ours'), byName('c_loop'), byName('inotifywait')];
  const ratio = (a: number | undefined, b: number | undefined) =>
    rounded((a ?? Number.NaN) / (b ?? Number.NaN), 3);
  const rows = results.map(({ title, warm, cold, megabytes, obstacle }) => [
    ...[title, shown(warm, 2), shown(cold, 2), shown(megabytes, 0)],
    ...[
      shown((ours?.warm ?? Number.NaN) / warm, 2),
      shown((ours?.cold ?? Number.NaN) / cold, 2),
      obstacle ?? '',
    ],
  ]);
  const head = [
    `${dirs} directories`,
    'warm s',
    'cold s',
    'RSS MB',
    'ours/it warm',
    'ours/it cold',
    '',
  ];
  const values = results.map(({ name, warm, cold, megabytes, obstacle }) => [
    name,
    name === 'c_loop'
      ? { warm_s: rounded(warm, 3), cold_s: rounded(cold, 3) }
      : {
          ...{ warm_s: rounded(warm, 3), cold_s: rounded(cold, 3), rss_mb: rounded(megabytes) },
          ...(name === 'ours' ? { rss_above_empty_node_mb: rounded(megabytes - empty) } : {}),
          ...(obstacle === undefined ? {} : { unavailable: obstacle }),
        },
  ]);
  return {
    table: `${table([head, ...rows])}\nan empty Node process has ${shown(empty, 0)} MB`,
    json: {
      dirs,
      ...Object.fromEntries(values),
      ratio_c_loop_warm: ratio(ours?.warm, loop?.warm),
      ratio_inotifywait_warm: ratio(ours?.warm, wait?.warm),
      ratio_inotifywait_cold: ratio(ours?.cold, wait?.cold),
    },
  };
}

function figures(runs: readonly Run[]): { warm: number; cold: number; megabytes: number } {
  const warm = runs.filter((run) => !run.cold);
  return {
    warm: median(warm.map((run) => run.seconds)),
    cold: median(runs.filter((run) => run.cold).map((run) => run.seconds)),
    megabytes: median(warm.flatMap((run) => run.megabytes ?? [])),
  };
}

const patienceSeconds = 30;
/** As many as ours walks with. */
const threads = 4;
