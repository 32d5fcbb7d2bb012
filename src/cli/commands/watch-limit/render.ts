import type { AppliedLimit } from '../../../limits/apply.js';
import type { LimitAssessment, WatchShare } from '../../../limits/assess.js';
import { type LimitPlan, sysctlName } from '../../../limits/index.js';
import { counted, grouped } from '../../../text/counted.js';

/** The assessment for people. */
export function renderAssessment(assessment: LimitAssessment): string {
  const { limits, directories, memoryBytes, unlistedDirectories, unreadableProcesses } = assessment;
  const rows = limits.map((limit) => [
    sysctlName(limit.name),
    grouped(limit.current),
    grouped(limit.needed),
    grouped(limit.recommended),
    verdictOf(limit),
  ]);
  const lines = [
    ...table([['limit', 'now', 'needed', 'recommended', ''], ...rows]),
    '',
    `watches    ${counted(directories, 'directory is', 'directories are')} to be watched: ${memory(memoryBytes)} of kernel memory`,
    ...(unlistedDirectories > 0
      ? [
          `           ${counted(unlistedDirectories, 'directory', 'directories')} cannot be listed; run as root`,
        ]
      : []),
    '',
    'in use by',
    ...table(userRows(assessment)).map((line) => `  ${line}`),
  ];
  if (unreadableProcesses > 0) {
    lines.push(
      `  ${counted(unreadableProcesses, 'process', 'processes')} cannot be inspected; run as root to see all`,
    );
  }
  for (const { name, value, file, line } of assessment.lowered) {
    lines.push(
      '',
      `${file}:${line} sets ${sysctlName(name)} to ${grouped(value)} at the next boot: remove that line`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The changes made by `--apply`, for people. */
export function renderApplied(applied: readonly AppliedLimit[], file: string): string {
  const lines = applied.map(({ name, before, after }) =>
    after > before
      ? `${sysctlName(name)} raised from ${grouped(before)} to ${grouped(after)}`
      : `${sysctlName(name)} stays at ${grouped(after)}`,
  );
  return `${[...lines, `kept for the next boot in ${file}`].join('\n')}\n`;
}

function verdictOf({ enough, current, recommended }: LimitPlan): string {
  if (!enough) return 'TOO LOW: inotify-csync watch-limit --apply';
  return current < recommended ? 'sufficient, but below the recommended value' : 'sufficient';
}

function userRows({ users }: LimitAssessment): string[][] {
  if (users.length === 0) return [['no visible process']];
  const shown = users.slice(0, mostUsers);
  const rows = shown.map(({ pid, name, uid, instances, watches, share }) => [
    `${name} (pid ${pid})`,
    counted(watches, 'watch', 'watches'),
    counted(instances, 'instance'),
    shareTexts[share](uid),
  ]);
  const rest = users.slice(mostUsers);
  if (rest.length === 0) return rows;
  const watches = rest.reduce((total, user) => total + user.watches, 0);
  const instances = rest.reduce((total, user) => total + user.instances, 0);
  return [
    ...rows,
    [
      `${rest.length} more`,
      counted(watches, 'watch', 'watches'),
      counted(instances, 'instance'),
      '',
    ],
  ];
}

const mostUsers = 12;

const shareTexts: Record<WatchShare, (uid: number) => string> = {
  ours: () => 'the running inotify-csync',
  shared: () => 'shares the limits',
  apart: (uid) => `user ${uid}, with limits of its own`,
};

function table(rows: readonly (readonly string[])[]): string[] {
  const columns = rows.reduce((count, row) => Math.max(count, row.length), 0);
  const widths = Array.from({ length: columns }, (_, at) =>
    rows.reduce((width, row) => Math.max(width, (row[at] ?? '').length), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, at) =>
        /^[\d,]+$/.test(cell) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function memory(bytes: number): string {
  return bytes < 1e6
    ? `${(bytes / 1e3).toFixed(0)} kB`
    : `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;
}
