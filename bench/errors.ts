import { exitCodes, InotifyCsyncError } from '#src/errors.js';

/** The command line makes no sense. */
export class BenchUsageError extends InotifyCsyncError {
  constructor(message: string, hint: string) {
    super('ICS_BENCH_USAGE', exitCodes.usage, message, hint);
  }
}

/** Namespaces, mounts and cold caches are root's. */
export class NotRootError extends InotifyCsyncError {
  constructor(what: string) {
    super(
      'ICS_BENCH_NOT_ROOT',
      exitCodes.noPermission,
      `${what} can only be measured as root`,
      'run it as root, in a machine to spare',
    );
  }
}

/** A program that the measurement needs is not installed. */
export class MissingProgramError extends InotifyCsyncError {
  constructor(programs: readonly string[]) {
    super(
      'ICS_BENCH_MISSING_PROGRAM',
      exitCodes.unavailable,
      `not installed: ${programs.join(', ')}`,
      'apt-get install csync2 inotify-tools iproute2 util-linux',
    );
  }
}

/** Something that is measured, or measured with, did not do what it was started for. */
export class BenchFailedError extends InotifyCsyncError {
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super('ICS_BENCH_FAILED', exitCodes.software, message, hint, options);
  }
}
