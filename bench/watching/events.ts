import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Findings } from '../findings.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { shown, table } from '../table.js';
import { type RaceResult, raceTitles, runRaces } from './races.js';
import type { ToolProcess } from './tool-handle.js';
import { nothing } from './tools/nothing.js';
import type { Tool } from './tools/tool.js';
import { makeWideTree } from './wide-tree.js';
import { Workshop } from './workshop.js';

/**
 * Events lost while whoever hears them stands still, races, and wake-ups while nothing happens,
 * tool by tool.
 */
export async function events(options: BenchOptions): Promise<Findings> {
  const workshop = await Workshop.set(options);
  const burst = workshop.compile('burst');
  const subjects: Subject[] = workshop.candidates.map(({ tool, installed }) => ({
    ...{ tool, name: tool.name, title: tool.title },
    ...('obstacle' in installed
      ? { installed: undefined, notes: [installed.obstacle] }
      : { installed: installed.directory, notes: [] }),
  }));
  for (const subject of subjects) {
    await attempt(subject, 'files at full speed', async () => {
      subject.burst = await measureBurst(workshop, subject, burst, options.creates);
      const { seen, overflows, filesPerSecond } = subject.burst;
      progress(
        `${subject.title}: ${seen} of ${options.creates} files seen, ${Math.round(filesPerSecond)} made a second, ${overflows ?? 'no'} overflows told`,
      );
    });
    await attempt(subject, 'races', async () => {
      subject.races = await measureRaces(workshop, subject, options.races);
      progress(`${subject.title}: ${Object.entries(subject.races.scores).flat().join(' ')}`);
    });
  }
  await measureIdle(workshop, subjects, options.idle);
  return report(options, subjects);
}

interface Burst {
  readonly seen: number;
  readonly overflows: number | undefined;
  readonly filesPerSecond: number;
}

interface Subject {
  readonly tool: Tool;
  readonly name: string;
  readonly title: string;
  /** Absent for what could not be installed. */
  readonly installed: string | undefined;
  /** What went wrong. */
  readonly notes: string[];
  burst?: Burst;
  races?: RaceResult;
  wakeUps?: number;
}

/** A part that fails says why; the others are measured all the same. */
async function attempt(
  subject: Subject,
  part: string,
  measure: () => Promise<void>,
): Promise<void> {
  if (subject.installed === undefined) return;
  try {
    await measure();
  } catch (error) {
    const reason = `${part}: ${(error as Error).message.split('\n')[0]}`;
    subject.notes.push(reason);
    progress(`${subject.title}: ${reason}`);
  }
}

/** Starts a tool on a new tree of a few directories. */
async function started(workshop: Workshop, { tool, installed }: Subject, dirs: number) {
  const directory = workshop.scratch();
  const root = join(directory, 'root');
  const outside = join(directory, 'outside');
  mkdirSync(outside);
  await makeWideTree(root, dirs);
  const watcher = await workshop.load(tool, installed ?? '');
  try {
    await watcher.open(root);
  } catch (error) {
    await watcher.end();
    throw error;
  }
  return { watcher, root, outside };
}

/** Files made at full speed while the thread that hears the tool stands still for five seconds. */
async function measureBurst(
  workshop: Workshop,
  subject: Subject,
  program: string,
  files: number,
): Promise<Burst> {
  const { watcher, root } = await started(workshop, subject, 10);
  try {
    const target = join(root, 'directory-0');
    await watcher.taken(500);
    const { over } = await watcher.block(5000);
    const { stdout } = await promisify(execFile)(program, [target, String(files)]);
    await over;
    const { seen, below, overflows } = await watcher.taken(2000);
    const made = new Set(
      Array.from({ length: files }, (_, index) =>
        join(target, `file-${String(index).padStart(6, '0')}`),
      ),
    );
    const found = seen.filter((path) => made.has(path)).length;
    // "All below it is to be looked at" finds every file.
    const isCovered = below.some((tree) => target === tree || target.startsWith(`${tree}/`));
    return { seen: isCovered ? files : found, overflows, filesPerSecond: files / Number(stdout) };
  } finally {
    await watcher.end();
  }
}

async function measureRaces(
  workshop: Workshop,
  subject: Subject,
  runs: number,
): Promise<RaceResult> {
  const { watcher, root, outside } = await started(workshop, subject, 10);
  try {
    return await runRaces(watcher, root, outside, runs);
  } finally {
    await watcher.end();
  }
}

/** All at the same time: they do nothing. */
async function measureIdle(
  workshop: Workshop,
  subjects: Subject[],
  seconds: number,
): Promise<void> {
  const empty: Subject = {
    tool: nothing,
    name: nothing.name,
    title: nothing.title,
    installed: '',
    notes: [],
  };
  subjects.push(empty);
  const running: { subject: Subject; watcher: ToolProcess; before: number }[] = [];
  for (const subject of subjects) {
    await attempt(subject, 'idle', async () => {
      const { watcher } = await started(workshop, subject, 100);
      running.push({ subject, watcher, before: 0 });
    });
  }
  progress(`counting wake-ups for ${seconds} s`);
  // What belongs to the start has to be over.
  await sleep(10_000);
  for (const entry of running) entry.before = entry.watcher.wakeUps;
  await sleep(seconds * 1000);
  for (const { subject, watcher, before } of running) subject.wakeUps = watcher.wakeUps - before;
  for (const { watcher } of running) await watcher.end();
}

function report({ creates, races, idle }: BenchOptions, subjects: readonly Subject[]): Findings {
  const names = Object.keys(raceTitles) as (keyof typeof raceTitles)[];
  const rows = subjects.map(({ title, burst, races: result, wakeUps, notes }) => [
    ...[
      title,
      burst ? String(burst.seen) : '-',
      burst?.overflows === undefined ? '-' : String(burst.overflows),
    ],
    ...names.map((name, index) => {
      const score = result?.scores[name];
      const hinted = result?.hinted[index];
      return hinted !== undefined && hinted !== score
        ? `${score} (${hinted})`
        : String(score ?? '-');
    }),
    ...[shown(wakeUps ?? null), notes.join('; ')],
  ]);
  const head = ['', `of ${creates} seen`, 'overflows told', ...names, `wake-ups in ${idle} s`, ''];
  const legend = names.map((name) => `${name}: ${raceTitles[name]}`);
  const ours = subjects.find(({ name }) => name === 'ours');
  return {
    table: [
      table([head, ...rows]),
      `races: of ${races} runs each; in brackets: runs of which at least a directory above the file was reported`,
      ...legend,
    ].join('\n'),
    json: {
      made: creates,
      seen: ours?.burst?.seen ?? null,
      overflows: ours?.burst?.overflows ?? null,
      idle_wakeups: ours?.wakeUps ?? null,
      wakeups: Object.fromEntries(subjects.map(({ name, wakeUps }) => [name, wakeUps ?? null])),
      scores: Object.fromEntries(
        subjects
          .filter(({ name }) => name !== nothing.name)
          .map(({ name, races: result, notes }) => [
            name,
            result?.scores ?? { unavailable: notes.join('; ') || 'not measured' },
          ]),
      ),
    },
  };
}
