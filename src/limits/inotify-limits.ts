import { readFileSync } from 'node:fs';

/** The kernel's limits of inotify (inotify(7), /proc interfaces), by their names in sysctl(8). */
export const limitNames = ['max_user_watches', 'max_queued_events', 'max_user_instances'] as const;
export type LimitName = (typeof limitNames)[number];

export type InotifyLimits = Readonly<Record<LimitName, number>>;

/** A limit as sysctl(8) and sysctl.d(5) write it. */
export function sysctlName(name: LimitName): string {
  return `fs.inotify.${name}`;
}

/** The file below /proc/sys that holds a limit. */
export function limitFile(name: LimitName, procSys = '/proc/sys'): string {
  return `${procSys}/fs/inotify/${name}`;
}

/**
 * The limits that hold here: the kernel's, and those of the user namespace (namespaces(7),
 * /proc/sys/user), which are the same on a host itself. Throws node's ErrnoException if /proc/sys
 * can't be read.
 */
export function readLimits(procSys = '/proc/sys'): InotifyLimits {
  const kernel = readKernelLimits(procSys);
  const { max_user_watches: watches, max_user_instances: instances } = kernel;
  return {
    ...kernel,
    max_user_watches: Math.min(watches, namespaceLimit(`${procSys}/user/max_inotify_watches`)),
    max_user_instances: Math.min(
      instances,
      namespaceLimit(`${procSys}/user/max_inotify_instances`),
    ),
  };
}

/** The limits as sysctl(8) shows and sets them. Throws node's ErrnoException. */
export function readKernelLimits(procSys = '/proc/sys'): InotifyLimits {
  const values = limitNames.map(
    (name) => [name, Number(readFileSync(limitFile(name, procSys), 'ascii'))] as const,
  );
  return Object.fromEntries(values) as InotifyLimits;
}

function namespaceLimit(file: string): number {
  try {
    return Number(readFileSync(file, 'ascii'));
  } catch {
    // Kernels before 4.16, or built without user namespaces, have no such file.
    return Number.POSITIVE_INFINITY;
  }
}
