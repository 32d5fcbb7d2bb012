import { readdirSync, readFileSync } from 'node:fs';
import { type LimitName, limitNames, sysctlName } from './inotify-limits.js';

/** One line of a file of sysctl.d(5) that sets a limit. */
export interface LimitAssignment {
  readonly name: LimitName;
  readonly value: number;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface SysctlFile {
  readonly path: string;
  readonly text: string;
}

/** The limits that a file sets; other lines are ignored. */
export function assignmentsOf({ path, text }: SysctlFile): readonly LimitAssignment[] {
  return text.split('\n').flatMap((line, index) => {
    const [, key = '', value = ''] = /^\s*-?\s*([^#;=\s]+)\s*=\s*(\d+)\s*$/.exec(line) ?? [];
    // Both spellings of sysctl.conf(5).
    const name = limitNames.find((limit) => sysctlName(limit) === key.replaceAll('/', '.'));
    return name === undefined ? [] : [{ name, value: Number(value), file: path, line: index + 1 }];
  });
}

/**
 * The assignments that override those of `ours` at the next boot with less than the wanted values,
 * from files in the order in which they are read.
 */
export function loweringAssignments(
  files: readonly SysctlFile[],
  ours: string,
  wanted: ReadonlyMap<LimitName, number>,
): readonly LimitAssignment[] {
  const own = fileName(ours);
  const last = new Map<LimitName, LimitAssignment>();
  for (const file of files) {
    // The order follows from the name and not from the directory. If two files have the same name,
    // only the one in the first directory is read.
    if (fileName(file.path) <= own) continue;
    for (const assignment of assignmentsOf(file)) last.set(assignment.name, assignment);
  }
  return [...last.values()].filter(({ name, value }) => value < (wanted.get(name) ?? 0));
}

/** The files that systemd-sysctl reads, in its order: by name, and for equal names by directory. */
export function readSysctlFiles(
  directories: readonly string[] = sysctlDirectories,
): readonly SysctlFile[] {
  const files = new Map<string, SysctlFile>();
  for (const directory of directories) {
    for (const name of namesIn(directory)) {
      if (files.has(name)) continue;
      const path = `${directory}/${name}`;
      const text = textOf(path);
      if (text !== undefined) files.set(name, { path, text });
    }
  }
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
}

/** sysctl.d(5): an earlier directory's file hides a later one's of the same name. */
export const sysctlDirectories = [
  '/etc/sysctl.d',
  '/run/sysctl.d',
  '/usr/local/lib/sysctl.d',
  '/usr/lib/sysctl.d',
];

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.conf'));
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A dangling link, such as 99-sysctl.conf without /etc/sysctl.conf.
    return undefined;
  }
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
