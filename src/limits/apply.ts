import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import { replaceFile } from '../state/replace-file.js';
import {
  type LimitName,
  limitFile,
  limitNames,
  readKernelLimits,
  sysctlName,
} from './inotify-limits.js';
import { assignmentsOf } from './sysctl-files.js';

/**
 * The file that keeps the limits for the next boot. It replaces the file of this name in
 * /usr/lib/sysctl.d.
 */
export const sysctlFile = '/etc/sysctl.d/60-inotify-csync.conf';

export interface AppliedLimit {
  readonly name: LimitName;
  readonly before: number;
  readonly after: number;
}

export interface ApplyOptions {
  readonly file?: string;
  /** The file that ours replaces; ours must not lower the limits that it has set. */
  readonly shippedFile?: string;
  readonly procSys?: string;
}

/**
 * Sets limits now and for every later boot. It never lowers a limit, neither the kernel's nor that
 * of the file. The file is replaced at once.
 *
 * Throws a {@link LimitsReadOnlyError} before anything is written if the kernel's values can't be
 * changed here, and a {@link LimitsFileError} if the file can't be written.
 */
export function applyLimits(
  wanted: ReadonlyMap<LimitName, number>,
  options: ApplyOptions = {},
): readonly AppliedLimit[] {
  const {
    file = sysctlFile,
    shippedFile = '/usr/lib/sysctl.d/60-inotify-csync.conf',
    procSys = '/proc/sys',
  } = options;
  for (const name of limitNames) requireWritable(limitFile(name, procSys));
  const limits = readKernelLimits(procSys);
  const kept = highest([file, shippedFile]);
  const values = new Map(
    limitNames.map(
      (name) => [name, Math.max(limits[name], wanted.get(name) ?? 0, kept.get(name) ?? 0)] as const,
    ),
  );
  replace(file, sysctlText(values));
  return limitNames.map((name) => {
    const after = values.get(name) as number;
    if (after > limits[name]) writeNow(limitFile(name, procSys), after);
    return { name, before: limits[name], after };
  });
}

/** The text of the file of sysctl.d(5). */
export function sysctlText(values: ReadonlyMap<LimitName, number>): string {
  return [
    '# Written by `inotify-csync watch-limit --apply`, which raises these values and never lowers them.',
    '# Each watched directory takes about 1.3 KB of kernel memory; a limit takes none.',
    ...[...values].map(([name, value]) => `${sysctlName(name)} = ${value}`),
    '',
  ].join('\n');
}

/** The kernel's limits can't be changed from here, as in most containers. */
export class LimitsReadOnlyError extends InotifyCsyncError {
  constructor(file: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code;
    const isDenied = code === 'EACCES' || code === 'EPERM';
    super(
      'ICS_LIMITS_READ_ONLY',
      isDenied ? exitCodes.noPermission : exitCodes.systemLimit,
      `${file} can't be written: ${isDenied ? 'permission denied' : 'it is read-only here'}`,
      isDenied && process.getuid?.() !== 0
        ? 'run it as root'
        : 'this looks like a container, whose limits are those of its host: run it on the host, ' +
            'or there `sysctl -w` the values that `inotify-csync watch-limit` shows here',
      { cause },
    );
  }
}

/** The limits can't be kept for the next boot. */
export class LimitsFileError extends InotifyCsyncError {
  constructor(file: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code;
    super(
      'ICS_LIMITS_FILE',
      code === 'EACCES' || code === 'EPERM' ? exitCodes.noPermission : exitCodes.cannotCreate,
      `cannot write ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      `run as root; ${dirname(file)} must be a directory that can be written`,
      { cause },
    );
  }
}

function requireWritable(file: string): void {
  try {
    closeSync(openSync(file, 'r+'));
  } catch (error) {
    throw new LimitsReadOnlyError(file, error);
  }
}

function writeNow(file: string, value: number): void {
  const fd = openSync(file, 'r+');
  try {
    writeSync(fd, String(value));
  } catch (error) {
    throw new LimitsReadOnlyError(file, error);
  } finally {
    closeSync(fd);
  }
}

function highest(files: readonly string[]): ReadonlyMap<LimitName, number> {
  const values = new Map<LimitName, number>();
  for (const path of files) {
    for (const { name, value } of assignmentsOf({ path, text: textOf(path) })) {
      values.set(name, Math.max(value, values.get(name) ?? 0));
    }
  }
  return values;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new LimitsFileError(path, error);
  }
}

function replace(file: string, text: string): void {
  try {
    // systemd-sysctl reads only files that end with .conf. All users may read the file.
    replaceFile(file, text, { mode: 0o644 });
  } catch (error) {
    throw new LimitsFileError(file, error);
  }
}
