import { readdirSync, readFileSync } from 'node:fs';
import type { HostWarning } from './warning.js';

/** A line of a crontab, a script that cron runs, or a unit of systemd. */
export interface JobLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** Jobs that have csync2 check or update beside us: both at once lose marks, and each full check costs seconds. */
export function jobWarnings(lines: readonly JobLine[]): HostWarning[] {
  return lines
    .filter(({ text }) => runsCsync2(text))
    .map(({ file, line, text }) => ({
      kind: 'otherJob',
      text: `csync2 is run here, too: ${text.trim().slice(0, 100)}`,
      hint: 'take it out, on every host: a check beside an update can lose changes, and this service makes full checks itself',
      place: `${file}:${line}`,
    }));
}

/** Whether a line calls csync2 to check or update (`-x`, `-c`, `-u`, alone or bundled). */
function runsCsync2(text: string): boolean {
  if (/^\s*(#|;|$)/.test(text)) return false;
  return text
    .split(/[;&|]+/)
    .some((command) => /(^|[\s/=!:("'`])csync2\s(.*\s)?-[A-Za-z]*[xcu][A-Za-z]*(\s|["'`)]|$)/.test(command));
}

/** Reads what cron and systemd run on this host; what can't be read is passed over. */
export function readJobLines(root = ''): readonly JobLine[] {
  const files = [
    `${root}/etc/crontab`,
    ...folders.flatMap((folder) => filesIn(`${root}${folder}`)),
    ...filesIn(`${root}/etc/systemd/system`).filter((file) => file.endsWith('.service')),
  ];
  return files.flatMap((file) =>
    textOf(file)
      .split('\n')
      .map((text, index) => ({ file: file.slice(root.length), line: index + 1, text }))
      .filter(({ text }) => text.includes('csync2')),
  );
}

const folders = [
  '/etc/cron.d',
  '/etc/cron.hourly',
  '/etc/cron.daily',
  '/etc/cron.weekly',
  '/etc/cron.monthly',
  '/var/spool/cron/crontabs',
  '/var/spool/cron',
];

function filesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => `${folder}/${entry.name}`);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
