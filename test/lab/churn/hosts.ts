/** The hosts that a churn runs on, however they are made. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Striker } from './faults.js';

/** What a daemon says of itself, in the terms of a churn. */
export interface HostStatus {
  readonly healthy: boolean;
  readonly problems: readonly string[];
  /** Nothing is left to check, to send or to receive. */
  readonly quiet: boolean;
  /** The same, but for what is on hold: nothing will change by itself. */
  readonly resting: boolean;
  /** Changes that peers lack, of all peers; null while that is not known. */
  readonly pending: number | null;
  /** What is left out until somebody helps: rejected by a peer, or not to be checked. */
  readonly onHold: readonly OnHold[];
  /** Changes that only a full check has found. */
  readonly detectedLate: number;
  /** The whole answer. */
  readonly raw: unknown;
}

/** A path, as bytes of one character each, and why it is on hold. */
export interface OnHold {
  readonly path: string;
  readonly reason: string;
}

/** One entry of the service's journal. */
export interface JournalEntry {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly message: string;
  /** `MESSAGE_ID`, and the other fields that the service gives. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface ChurnHost {
  readonly number: number;
  readonly name: string;
  /**
   * The synchronised tree, and a folder of the same file system that is not synchronised, as this
   * machine sees them.
   */
  readonly tree: string;
  readonly outside: string;
  /** The tree as the host sees it. */
  readonly seen: string;
  /** The words that run a command among the host's mounts, but with this machine's processes. */
  readonly enter: readonly string[];
  /** Undefined while the daemon does not listen. */
  status(): Promise<HostStatus | undefined>;
  /** What the service has said since a time in milliseconds since the epoch. */
  journal(since: number): Promise<readonly JournalEntry[]>;
  /** The journal since then, the csync2 server's log and the processes, for people. */
  logs(since: number): Promise<Readonly<Record<string, string>>>;
}

export interface ChurnCluster {
  readonly hosts: readonly ChurnHost[];
  /** Undefined where hosts can't be struck. */
  readonly striker: Striker | undefined;
  /**
   * Empty trees, new databases and queues, and daemons that have nothing to do. `auto` is csync2's.
   */
  reset(auto: 'none' | 'younger'): Promise<void>;
  /**
   * Has every host check everything; gives what it found that nobody knew of, in files of all
   * hosts.
   */
  fullCheck(): Promise<number>;
  down(): Promise<void>;
  /**
   * Leaves the hosts as they are when this process ends, if that is possible; gives how to enter
   * them and to end them.
   */
  leave(): Promise<string>;
}

/** `MESSAGE_ID`s of docs/reference/journal-fields.md. */
export const messageIds = {
  fullCheckBegun: 'aedb31b1360c4ed29725840e96d4489b',
  conflict: 'f519d92e7ac34d2d9828d7993146344c',
  rejected: '96a24e592034418d84662e12ca498796',
  peerDown: '0115549d54f54f8799860867d618b0b2',
} as const;

/**
 * Asks for a full check with `ask`, waits until the journal tells of its end, and gives how many
 * files it found. Throws if that takes more than a minute.
 */
export async function filesFoundBy(host: ChurnHost, ask: () => Promise<unknown>): Promise<number> {
  const since = Date.now();
  await ask();
  for (; Date.now() < since + 60_000; await sleep(100)) {
    const done = (await host.journal(since)).filter(({ message }) =>
      message.startsWith('full check finished'),
    );
    const found = /([\d,]+) changes? found/.exec(done.at(-1)?.message ?? '')?.[1];
    if (found !== undefined) return Number(found.replaceAll(',', ''));
  }
  throw new Error(`${host.name} has not done a full check in a minute`);
}
