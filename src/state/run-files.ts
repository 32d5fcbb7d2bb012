import { join } from 'node:path';

/**
 * The places of all files that a run keeps for itself or for the next one. Only this file names
 * them.
 *
 * The files of `queue` lie in a directory that only root can write, and survive a reboot. Those of
 * `runtime` lie on tmpfs, and survive a restart.
 */
export interface RunFiles {
  readonly queue: {
    /**
     * The queue: segments are `QUEUE.NNNNNN`. Only `src/queue` reads this, the cursor and the lock.
     */
    readonly log: string;
    readonly cursor: string;
    readonly lock: string;
    /** The peers that have had their first comparison. */
    readonly knownPeers: string;
    /** The peers that are paused. */
    readonly paused: string;
    /** The mounts that were in the trees. */
    readonly mounts: string;
    /** The times in which changes may have gone unseen. */
    readonly unseen: string;
    /** The running check. */
    readonly check: string;
    /**
     * When the last regular full check ran, and the last comparison with all peers: the times of
     * empty files.
     */
    readonly fullChecked: string;
    readonly verified: string;
  };
  readonly runtime: {
    /** The control socket: for the daemon's own user, and for all commands. */
    readonly control: string;
    /** The read socket: also for a group, and for commands that change nothing. */
    readonly read: string;
    /** Private databases. */
    readonly lanes: string;
    /** The files with which csync2's server runs. */
    readonly server: string;
    /** The trees within which csync2 is kept. */
    readonly trees: string;
  };
}

/** The files of the run with this queue and this runtime directory. */
export function runFiles(queueFile: string, runtimeDirectory: string): RunFiles {
  return {
    queue: {
      log: queueFile,
      ...queueFiles(queueFile),
      knownPeers: `${queueFile}.peers`,
      paused: `${queueFile}.paused`,
      mounts: `${queueFile}.mounts`,
      unseen: `${queueFile}.unseen`,
      check: `${queueFile}.check`,
      fullChecked: `${queueFile}.checked`,
      verified: `${queueFile}.verified`,
    },
    runtime: {
      control: controlSocket(runtimeDirectory),
      read: readSocket(runtimeDirectory),
      lanes: join(runtimeDirectory, 'lanes'),
      server: join(runtimeDirectory, 'server'),
      trees: join(runtimeDirectory, 'trees'),
    },
  };
}

/** The files beside the segments of a queue that belong to it. */
export function queueFiles(queueFile: string): { readonly cursor: string; readonly lock: string } {
  return { cursor: `${queueFile}.cursor`, lock: `${queueFile}.lock` };
}

/** The control socket of the run with this runtime directory. */
export function controlSocket(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'control.sock');
}

/** The read socket of the run with this runtime directory. */
export function readSocket(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'status.sock');
}
