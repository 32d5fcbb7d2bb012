/** The trees of all hosts, side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChurnCluster, HostStatus } from './hosts.js';
import { differenceText } from './outcome.js';
import { type Difference, differencesOf, type Entry, Reader } from './snapshot.js';

/** How long, in seconds, something may take. */
export interface Bounds {
  /** From the last operation until the trees must be equal. */
  readonly within: number;
  /**
   * How long trees that are not equal by then are looked at, to tell what is late from what is
   * lost.
   */
  readonly patience: number;
}

/** What is done to the trees while they are waited for. */
export interface Activity {
  /** When the last operation was done, in milliseconds since the epoch. */
  readonly last: () => number;
  /** Whether there may be more. */
  readonly open: () => boolean;
  /** Milliseconds for which trees must stay equal, if not the usual. */
  readonly stillness?: number | undefined;
}

/** How waiting for equal trees has ended. */
export interface Settling {
  /** Seconds from the last operation to equal trees and quiet daemons; null if that never came. */
  readonly converged: number | null;
  readonly differences: readonly Difference[];
  /** One for each host. */
  readonly statuses: readonly (HostStatus | undefined)[];
}

/** Everything has been done just now. */
export function over(): Activity {
  const now = Date.now();
  return { last: () => now, open: () => false };
}

/** The hosts' trees. csync2's temporary files are kept apart. */
export class Trees {
  readonly #cluster: ChurnCluster;
  readonly #readers: readonly Reader[];
  leftovers: string[] = [];
  /** The differences when the time was over within which there should have been none. */
  worst: readonly Difference[] = [];

  constructor(cluster: ChurnCluster) {
    this.#cluster = cluster;
    this.#readers = cluster.hosts.map(({ tree }) => new Reader(tree));
  }

  read(): Map<string, Entry>[] {
    this.leftovers = [];
    return this.#readers.map((reader, index) => {
      const tree = reader.read(new Set(['outside']));
      for (const path of tree.keys()) {
        if (!isTemporary(path)) continue;
        this.leftovers.push(`${this.#cluster.hosts[index]?.name}: ${JSON.stringify(path)}`);
        tree.delete(path);
      }
      return tree;
    });
  }

  async untilSettled(seconds: number): Promise<void> {
    const { converged, differences } = await this.untilEqual(over(), {
      within: seconds,
      patience: 0,
    });
    if (converged === null)
      throw new Error(
        `the folders of the seed did not come: ${differences.map(differenceText)[0]}`,
      );
  }

  /** Waits until all trees are equal and nobody has anything to do, for a moment. */
  async untilEqual(
    { last, open, stillness = usualStillness }: Activity,
    { within, patience }: Bounds,
  ): Promise<Settling> {
    let since: number | undefined;
    let restingSince: number | undefined;
    this.worst = [];
    for (;;) {
      const now = Date.now();
      const differences = differencesOf(this.read());
      const statuses = await Promise.all(this.#cluster.hosts.map((host) => host.status()));
      const quiet = statuses.every((status) => status?.quiet);
      if (!quiet || differences.length > 0) since = undefined;
      else since ??= now;
      if (since !== undefined && now - since >= stillness && !open())
        return { converged: Math.max(0, since - last()) / 1000, differences, statuses };
      const late = (now - last()) / 1000;
      if (late > within && this.worst.length === 0) this.worst = differences;
      // Daemons that have nothing to do will not make equal what is not.
      if (!statuses.every((status) => status?.resting)) restingSince = undefined;
      else restingSince ??= now;
      const resigned = restingSince !== undefined && now - restingSince > 5000;
      if (late > within && (resigned || late > within + patience + stillness / 1000)) {
        return { converged: null, differences, statuses };
      }
      await sleep(150);
    }
  }
}

/** Milliseconds for which trees must stay equal, so that what is sent back late is seen, too. */
const usualStillness = 700;

/**
 * csync2's own temporary files end in six letters that the churn's programs never draw together.
 */
function isTemporary(path: string): boolean {
  const letters = /(?:^|\/)\.[^/]*\.([A-Za-z0-9]{6})$/s.exec(path)?.[1];
  return letters !== undefined && letters !== 'config' && !/^[abcXYZ019]*$/.test(letters);
}
