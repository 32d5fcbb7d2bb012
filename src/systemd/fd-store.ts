import { closeSync, readlinkSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import { loadNative } from '../native.js';

/**
 * The things that a watcher leaves to its successor: the inotify instance, and the page of memory
 * with its state.
 */
export interface StoredWatch {
  readonly inotifyFd: number;
  readonly handoverFd: number;
}

/**
 * Takes the pair that the service manager has kept under this name since {@link store}, over a
 * restart or a crash (`FileDescriptorStoreMax=` in systemd.service(5)). The pair is given out once
 * and belongs to the caller; undefined if there is none. If the manager has less or more than one
 * pair under a name, it is unknown which is whole, and none is given out.
 *
 * The first call takes over all descriptors that the manager has passed (sd_listen_fds(3)) and
 * closes those that are neither inotify instance nor page. Throws FdStoreError.
 */
export function takeStored(name: string): StoredWatch | undefined {
  checkName(name);
  passed ??= attempt('taking over the stored descriptors', () =>
    descriptorsByKind(service().takePassedDescriptors(), descriptorTarget, closeSync),
  );
  const { inotify = [], page = [] } = passed.get(name) ?? {};
  passed.delete(name);
  const [inotifyFd, handoverFd] = [inotify[0], page[0]];
  const isPair = inotify.length === 1 && page.length === 1;
  if (isPair && inotifyFd !== undefined && handoverFd !== undefined)
    return { inotifyFd, handoverFd };
  for (const fd of [...inotify, ...page]) closeSync(fd);
  return undefined;
}

/**
 * Leaves both descriptors with the service manager, in place of the pair that it has under this
 * name. They go in one message, so that it has both or none. The caller keeps its own descriptors.
 * Returns false if no manager listens. Throws FdStoreError.
 */
export function store(name: string, { inotifyFd, handoverFd }: StoredWatch): boolean {
  checkName(name);
  return attempt('storing the descriptors', () => {
    const { notifyWithDescriptors } = service();
    notifyWithDescriptors(removal(name), []);
    return notifyWithDescriptors(addition(name), [inotifyFd, handoverFd]);
  });
}

/**
 * Asks the service manager to close the descriptors that it keeps under this name. Does nothing if
 * no manager listens. Throws FdStoreError.
 */
export function forget(name: string): void {
  checkName(name);
  attempt('removing a stored descriptor', () => service().notifyWithDescriptors(removal(name), []));
}

/**
 * The service manager's store of descriptors could not be used. The only result is that the next
 * start requires a full check.
 */
export class FdStoreError extends InotifyCsyncError {
  constructor(what: string, cause: Error & { errno?: number }) {
    const reason =
      cause.errno === undefined ? '' : ` (${getSystemErrorName(-Math.abs(cause.errno))})`;
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

/** Descriptors of one name. */
export interface DescriptorsByKind {
  readonly inotify: readonly number[];
  /** Pages of memory, see native/watch/handover.h. */
  readonly page: readonly number[];
}

/**
 * Sorts the passed descriptors into inotify instances and pages, by name in the order passed, and
 * closes all others.
 *
 * @param target - the text of a descriptor's link in /proc/self/fd (proc_pid_fd(5))
 */
export function descriptorsByKind(
  descriptors: readonly PassedDescriptor[],
  target: (fd: number) => string,
  close: (fd: number) => void,
): Map<string, DescriptorsByKind> {
  const byName = new Map<string, DescriptorsByKind>();
  for (const { fd, name } of descriptors) {
    const kind = kindByTarget[target(fd)];
    const { inotify, page } = byName.get(name) ?? { inotify: [], page: [] };
    if (kind === undefined) close(fd);
    else if (kind === 'inotify') byName.set(name, { inotify: [...inotify, fd], page });
    else byName.set(name, { inotify, page: [...page, fd] });
  }
  return byName;
}

const kindByTarget: Readonly<Record<string, keyof DescriptorsByKind>> = {
  'anon_inode:inotify': 'inotify',
  '/memfd:inotify-csync-handover (deleted)': 'page',
};

/**
 * FDPOLL=0: the manager need not poll the descriptors, because neither ever hangs up
 * (sd_notify(3)).
 */
export function addition(name: string): string {
  return `FDSTORE=1\nFDNAME=${name}\nFDPOLL=0`;
}

export function removal(name: string): string {
  return `FDSTOREREMOVE=1\nFDNAME=${name}`;
}

interface NativeService {
  /**
   * Sends one message to `$NOTIFY_SOCKET` (a path, or `@` and an abstract name). Returns false if
   * no manager listens. Throws an Error with `errno`.
   */
  notifyWithDescriptors(state: string, fds: readonly number[]): boolean;
  /**
   * sd_listen_fds(3) with CLOEXEC set and the variables unset, so that only the first call finds
   * descriptors.
   */
  takePassedDescriptors(): PassedDescriptor[];
}

let passed: Map<string, DescriptorsByKind> | undefined;

function service(): NativeService {
  return loadNative() as ReturnType<typeof loadNative> & NativeService;
}

function descriptorTarget(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`);
}

/**
 * sd_notify(3) allows only these characters in FDNAME: any other would end the assignment or be
 * ignored.
 */
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
