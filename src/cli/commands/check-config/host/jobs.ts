import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { HostWarning } from './warning.js';

/** A line of a crontab, of a script that cron runs, or of a systemd unit. */
export interface JobLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/**
 * Warns of jobs that make csync2 check or update beside us. Two at once lose marks, and each full
 * check costs seconds.
 */
export function jobWarnings(lines: readonly JobLine[]): HostWarning[] {
  return lines
    .filter(({ text }) => runsCsync2(text))
    .map(({ file, line, text }) => ({
      kind: 'otherJob',
      text: `another job runs csync2: ${text.trim().slice(0, 100)}`,
      hint: 'remove it on every host: a check during an update can lose changes, and this service makes full checks itself',
      place: `${file}:${line}`,
    }));
}

/** Whether a line calls csync2 to check or update (`-x`, `-c`, `-u`, alone or bundled). */
function runsCsync2(text: string): boolean {
  if (/^\s*(#|;|$)/.test(text)) return false;
  return text
    .split(/[;&|]+/)
    .some((command) =>
      /(^|[\s/=!:("'`])csync2\s(.*\s)?-[A-Za-z]*[xcu][A-Za-z]*(\s|["'`)]|$)/.test(command),
    );
}

/**
 * Reads the jobs that cron and systemd run on this host, and the scripts that they call. Skips
 * files that can't be read.
 */
export function readJobLines(root = ''): readonly JobLine[] {
  const tables = [
    '/etc/crontab',
    '/etc/anacrontab',
    ...filesIn(root, '/etc/cron.d').filter(isTakenByCron),
    ...filesIn(root, '/var/spool/cron/crontabs'),
    ...filesIn(root, '/var/spool/cron'),
  ];
  const units = unitFiles(root);
  const scripts = runPartsFolders.flatMap((folder) => filesIn(root, folder)).filter(isTakenByCron);
  const commands = [
    ...tables.flatMap((file) => linesOf(root, file)),
    ...units
      .flatMap((file) => linesOf(root, file))
      .filter(({ text }) => /^\s*Exec\w*\s*=/.test(text)),
  ];
  const called = new Set(commands.flatMap(({ text }) => pathsIn(text)));
  for (const file of [...tables, ...units, ...scripts]) called.delete(file);
  return [
    ...commands,
    ...scripts.flatMap((file) => linesOf(root, file)),
    ...[...called]
      .filter((file) => isScript(`${root}${file}`))
      .flatMap((file) => linesOf(root, file)),
  ].filter(({ text }) => text.includes('csync2'));
}

const runPartsFolders = [
  '/etc/cron.hourly',
  '/etc/cron.daily',
  '/etc/cron.weekly',
  '/etc/cron.monthly',
];

/**
 * Whether cron runs a file of this name. run-parts(8), and cron for /etc/cron.d, skip other names
 * such as `csync2.disabled`.
 */
function isTakenByCron(file: string): boolean {
  return /\/[A-Za-z0-9_-]+$/.test(file);
}

/**
 * The services that an administrator has written here, and the enabled ones of those from packages.
 */
function unitFiles(root: string): string[] {
  const own = ['/etc/systemd/system', '/run/systemd/system'].flatMap((folder) => [
    ...filesIn(root, folder).filter((file) => file.endsWith('.service')),
    ...foldersIn(root, folder)
      .filter((dropIns) => dropIns.endsWith('.service.d'))
      .flatMap((dropIns) => filesIn(root, dropIns)),
  ]);
  const names = foldersIn(root, '/etc/systemd/system')
    .filter((folder) => /\.(wants|requires)$/.test(folder))
    .flatMap((folder) => filesIn(root, folder))
    .map((file) => basename(file));
  const services = names.flatMap((name) => {
    const set = linesOf(root, `${packagedUnits}/${name}`).map(
      ({ text }) => /^\s*Unit\s*=\s*(\S+)/.exec(text)?.[1],
    );
    return (
      set.find((unit) => unit !== undefined) ?? name.replace(/\.(timer|path|socket)$/, '.service')
    );
  });
  const packaged = [...new Set(services)].map((name) => `${packagedUnits}/${name}`);
  return [...own, ...packaged.filter((file) => existsSync(`${root}${file}`))];
}

const packagedUnits = '/usr/lib/systemd/system';

/** Absolute paths in a command line. */
function pathsIn(line: string): string[] {
  if (/^\s*[#;]/.test(line)) return [];
  return [...line.matchAll(/(?<![\w.>/])\/[^\s;&|<>()"'`]+/g)].map(([path]) => path);
}

function isScript(file: string): boolean {
  try {
    const { size } = statSync(file);
    return size < mostScriptBytes && readFileSync(file, 'latin1').startsWith('#!');
  } catch {
    return false;
  }
}

const mostScriptBytes = 256 * 1024;

function filesIn(root: string, folder: string): string[] {
  return entriesOf(`${root}${folder}`)
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);
}

function foldersIn(root: string, folder: string): string[] {
  return entriesOf(`${root}${folder}`)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function linesOf(root: string, file: string): JobLine[] {
  try {
    const text = readFileSync(`${root}${file}`, 'utf8');
    return text.split('\n').map((line, index) => ({ file, line: index + 1, text: line }));
  } catch {
    return [];
  }
}
