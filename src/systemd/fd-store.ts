import { closeSync, readlinkSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import { loadNative } from '../native.js';

/**
 * Takes the inotify instance that the service manager has kept under this name since {@link store}, over a restart or
 * a crash (`FileDescriptorStoreMax=` in systemd.service(5)). Each is given out once; undefined if there is none. It
 * belongs to the caller. Several under one name tell nothing about which is whole, so that none is given.
 *
 * The first call takes over everything that the manager has passed (sd_listen_fds(3)) and closes what isn't inotify.
 * Throws FdStoreError.
 */
export function takeStored(name: string): number | undefined {
  checkName(name);
  passed ??= attempt('taking over the stored descriptors', () =>
    inotifyDescriptors(service().takePassedDescriptors(), descriptorTarget, closeSync),
  );
  const fds = passed.get(name) ?? [];
  passed.delete(name);
  if (fds.length === 1) return fds[0];
  for (const fd of fds) closeSync(fd);
  return undefined;
}

/**
 * Leaves a descriptor with the service manager, in place of any that it has under this name. The caller keeps its own.
 * Does nothing where no manager listens. Throws FdStoreError.
 */
export function store(name: string, fd: number): void {
  checkName(name);
  attempt('storing a descriptor', () => {
    const { notifyWithDescriptors } = service();
    notifyWithDescriptors(removal(name), []);
    notifyWithDescriptors(addition(name), [fd]);
  });
}

/** Has the service manager close what it keeps under this name. Does nothing where none listens. Throws FdStoreError. */
export function forget(name: string): void {
  checkName(name);
  attempt('removing a stored descriptor', () => service().notifyWithDescriptors(removal(name), []));
}

/** The service manager's store of descriptors could not be used: the next start owes a full check, no more. */
export class FdStoreError extends InotifyCsyncError {
  constructor(what: string, cause: Error & { errno?: number }) {
    const reason = cause.errno === undefined ? '' : ` (${getSystemErrorName(-Math.abs(cause.errno))})`;
    super(
      'ICS_FD_STORE',
      exitCodes.temporary,
      `${what} has failed: ${cause.message}${reason}`,
      'nothing is lost: the next start checks everything once; see NotifyAccess= and FileDescriptorStoreMax= of the unit',
      { cause },
    );
  }
}

/** A descriptor as the service manager has passed it. */
export interface PassedDescriptor {
  readonly fd: number;
  readonly name: string;
}

/** Of the descriptors passed, the inotify instances, by name in the order passed; all others are closed. Pure. */
export function inotifyDescriptors(
  descriptors: readonly PassedDescriptor[],
  target: (fd: number) => string,
  close: (fd: number) => void,
): Map<string, number[]> {
  const byName = new Map<string, number[]>();
  for (const { fd, name } of descriptors) {
    if (target(fd) !== 'anon_inode:inotify') close(fd);
    else byName.set(name, [...(byName.get(name) ?? []), fd]);
  }
  return byName;
}

/** FDPOLL=0: the manager need not look after it, an inotify instance never hangs up (sd_notify(3)). */
export function addition(name: string): string {
  return `FDSTORE=1\nFDNAME=${name}\nFDPOLL=0`;
}

export function removal(name: string): string {
  return `FDSTOREREMOVE=1\nFDNAME=${name}`;
}

interface NativeService {
  /**
   * Sends one message to `$NOTIFY_SOCKET` (a path, or `@` and an abstract name). False: no manager listens. Throws an
   * Error with `errno`.
   */
  notifyWithDescriptors(state: string, fds: readonly number[]): boolean;
  /** sd_listen_fds(3) with CLOEXEC set and the variables unset: finds something once. */
  takePassedDescriptors(): PassedDescriptor[];
}

let passed: Map<string, number[]> | undefined;

function service(): NativeService {
  return loadNative() as ReturnType<typeof loadNative> & NativeService;
}

function descriptorTarget(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`);
}

/** What sd_notify(3) allows in FDNAME: anything else would end the assignment or be ignored. */
function checkName(name: string): void {
  if (!/^[\x21-\x39\x3b-\x7e]{1,255}$/u.test(name))
    throw new RangeError(`not a name for a descriptor: ${name}`);
}

function attempt<Result>(what: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw error instanceof Error ? new FdStoreError(what, error) : error;
  }
}
