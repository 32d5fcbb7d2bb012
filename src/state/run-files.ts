import { join } from 'node:path';

/**
 * Where everything is that a run keeps for itself or for the next one. Names of such files stand
 * here alone.
 *
 * Those of `queue` lie in a directory that only root can write, and survive a reboot; those of
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
    /** What was mounted in the trees. */
    readonly mounts: string;
    /** The times in which changes may have gone unseen. */
    readonly unseen: string;
    /** The check that is under way. */
    readonly check: string;
    /**
     * When the last regular full check ran, and the last comparison with all peers: the times of
     * empty files.
     */
    readonly fullChecked: string;
    readonly verified: string;
  };
  readonly runtime: {
    /** The control socket: for the daemon's own user, and for everything. */
    readonly control: string;
    /** The read socket: for a group, too, and for what changes nothing. */
    readonly read: string;
    /** Private databases. */
    readonly lanes: string;
    /** What csync2's server is run with. */
    readonly server: string;
    /** The trees that csync2 is kept within. */
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

/** What lies beside the segments of a queue and belongs to it. */
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
