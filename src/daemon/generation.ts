import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Csync2Options } from '../config/csync2-options.js';
import type { Settings } from '../config/settings.js';
import {
  activePrefixes,
  peersOf,
  rootsOf,
  selectionFor,
  selectionOf,
  treesOf,
} from '../csync2/cfg/index.js';
import { Runner } from '../csync2/run/runner.js';
import { writeTrees } from '../csync2/run/trees-file.js';
import type { ManagedServer } from '../csync2/server/server.js';
import type { Activity } from '../csync2/sessions/activity.js';
import type { ReceivedFile } from '../csync2/sessions/half-received.js';
import type { NativeSelection } from '../native/selection.js';
import type { Counts } from '../observe/counts.js';
import type { Reporter } from '../observe/reporter.js';
import type { Queue } from '../queue/queue.js';
import type { RunFiles } from '../state/run-files.js';
import type { Timelines } from '../sync/common/timelines.js';
import { createSync } from '../sync/create-sync.js';
import type { MountMemory } from '../sync/guard/mount-memory.js';
import type { FileMemory } from '../sync/memory/file-memory.js';
import type { NoteHistory } from '../sync/memory/note-history.js';
import type { UnseenSpans } from '../sync/memory/unseen-spans.js';
import type { WriteCounts } from '../sync/memory/write-counts.js';
import type { KnownPeers } from '../sync/newcomers/known-peers.js';
import type { PausedPeers } from '../sync/push/paused-peers.js';
import type { Sync } from '../sync/sync.js';
import { looksTemporary } from '../sync/take/temporary-files.js';
import type { PathBytes } from '../text/path-bytes.js';
import { parseFileEvents } from '../watch/file-events.js';
import { Watcher } from '../watch/watcher.js';
import type { HostPlan } from './host-plan.js';
import { watchFingerprint } from './watch-fingerprint.js';

/**
 * The parts of a {@link Generation}: the stages of one configuration. Queue and server outlive it.
 */
export interface GenerationParts {
  readonly settings: Settings;
  readonly csync2Options: Csync2Options;
  readonly files: RunFiles;
  readonly queue: Queue;
  readonly activity: Activity;
  readonly gate: ManagedServer | undefined;
  /** The peers that have been compared; replaced for each plan. */
  readonly knownPeers: KnownPeers;
  /** The paused peers, which also outlive generations, so that a pause survives a reload. */
  readonly paused: PausedPeers;
  /** Files that sessions of an earlier run have left, and that csync2 has noted. */
  readonly halfReceived: readonly ReceivedFile[];
  readonly memory: FileMemory;
  readonly notes: NoteHistory;
  readonly writes: WriteCounts;
  /** When changes may have gone unseen. */
  readonly unseen: UnseenSpans;
  /** The former mounts in the trees. */
  readonly mountMemory: MountMemory;
  readonly reporter: Reporter;
  readonly onProgress: (directories: number) => void;
  readonly counts: Counts;
  /** Follows single changes; undefined: nobody wants to know where the time goes. */
  readonly timelines: Timelines | undefined;
}

/** The watches of an earlier run; see WatcherOptions. */
export interface EarlierWatches {
  readonly inotifyFd: number;
  readonly handoverFd: number;
}

/**
 * The watcher and sync for one csync2.cfg. When the file changes, a new generation begins beside
 * the old one and takes over, so that changes are watched at every moment.
 */
export class Generation {
  readonly plan: HostPlan;
  readonly sync: Sync;
  readonly watcher: Watcher;
  /** Whether something at or below a path may be synchronised. */
  readonly concerns: (path: PathBytes) => boolean;
  /** Ends when the watcher is closed; rejects when the watcher can't continue. */
  readonly watching: Promise<void>;
  readonly #over = new AbortController();
  #scheduling: Promise<void> = Promise.resolve();
  #written = 0;
  #isStarted = false;
  readonly #reporter: Reporter;

  /**
   * Begins to watch, or continues with the watches of an earlier run. Events go into the queue at
   * once.
   */
  constructor(plan: HostPlan, parts: GenerationParts, earlier?: EarlierWatches) {
    const { settings, reporter } = parts;
    this.plan = plan;
    this.#reporter = reporter;
    const selection = selectionOf(plan.config);
    this.concerns = (path) => selection.explain(path) !== 0;
    this.sync = syncFor(plan, parts, selection);
    this.watcher = Watcher.open({
      selection,
      onMounts: () => {
        if (this.#isStarted) this.lookAtPlaces();
      },
      mask: parseFileEvents(settings.fileEvents),
      onProgress: parts.onProgress,
      onContentChanges: (changes) => parts.writes.note(changes, Date.now()),
      fingerprint: watchFingerprint(plan, settings),
      ...earlier,
    });
    this.watching = this.#forward(parts);
    this.watching.catch((error: unknown) => reporter.onError('watching', error));
  }

  /** Resolves when every directory is watched. Rejects with a WatchLimitError, among others. */
  async ready(): Promise<void> {
    await Promise.race([this.watcher.ready, this.watching]);
  }

  /**
   * Makes sure that a csync2 run that our last end cut short has lost nothing. Call before
   * {@link start}.
   */
  repair(): Promise<void> {
    return this.sync.repair();
  }

  /** Keeps csync2 within the trees of this configuration. */
  tellTrees(): void {
    const { config, instance } = this.plan;
    const roots = rootsOf(config).map((root) => root.path);
    if (instance.treesFile !== undefined) writeTrees(instance.treesFile, roots);
  }

  /** Begins to work on the queue and on pending files. */
  start(): void {
    this.#isStarted = true;
    this.tellTrees();
    this.sync.start();
    this.#scheduling = this.sync.scheduler.run(this.#over.signal);
  }

  /** Rejects when the generation can't continue, resolves when it has been ended. */
  async running(): Promise<void> {
    await Promise.race([this.#scheduling, this.watching]);
  }

  /** Whether writing the queue advances, and whether changes wait to be taken from the watcher. */
  writing(): { readonly moved: number; readonly waiting: boolean } {
    return { moved: this.#written, waiting: this.watcher.stats().pendingBytes > 0 };
  }

  /**
   * Lets a running csync2 check finish, and ends pushes and the watcher. Files that a push has not
   * sent stay pending.
   *
   * @param watches - `left` if the watches collect events for the next run, as long as a process
   *   holds the instance
   */
  async end(watches: 'closed' | 'left' = 'closed'): Promise<void> {
    this.#over.abort();
    await this.#scheduling;
    if (watches === 'left') await this.watcher.detach();
    else await this.watcher.close();
    await this.watching.catch(() => undefined);
    await this.sync.close();
  }

  /** Examines which places are there, so that csync2's server gets the result. */
  lookAtPlaces(): void {
    try {
      this.sync.guard.look();
    } catch (error) {
      this.#reporter.onError('examining mounts', error);
    }
  }

  async #forward({ queue, reporter, timelines, writes }: GenerationParts): Promise<void> {
    for await (const entries of this.watcher) {
      const takenAt = timelines?.now();
      for (const entry of entries) {
        if (entry.kind !== 'loss') continue;
        reporter.onLoss(entry.reason);
        writes.clear(Date.now());
      }
      writes.delivered(Date.now());
      reporter.onNoticed(entries);
      const written = queue.append(entries);
      if (timelines && takenAt !== undefined && written > 0) {
        const [upTo, readAt] = [queue.written, this.watcher.readAt];
        timelines.noticed({ upTo, readAt, takenAt, recordedAt: timelines.now() });
      }
      this.#written++;
      // Changes that a failing disk has not accepted stay unwritten, and the next run learns that.
      if (queue.isKept) this.watcher.kept();
      this.sync.scheduler.wake(entries.every(looksTemporary) ? 'trace' : 'change');
      // As long as changes come faster than they can be written, the next batch is there at once:
      // without this, timers and sockets, the watchdog's among them, would have to wait until the
      // flood is over.
      await othersTurn();
    }
  }
}

function syncFor(
  { config, instance, batchedDeletes, knownChecks }: HostPlan,
  parts: GenerationParts,
  selection: NativeSelection,
): Sync {
  const { settings, files, queue, activity, reporter } = parts;
  return createSync({
    runner: new Runner(instance, parts.counts.onRun),
    queue,
    activity,
    gate: parts.gate,
    peers: peersOf(config).map((peer) => {
      const shared = selectionFor(config, peer.name);
      return { ...peer, shares: (name: Buffer) => shared.matchName(name) === selected };
    }),
    knownPeers: parts.knownPeers,
    paused: parts.paused,
    checkRecord: files.queue.check,
    fullCheckHistory: files.queue.fullChecked,
    verifyHistory: files.queue.verified,
    roots: rootsOf(config).map((root) => root.path),
    trees: treesOf(config).flatMap((tree) => (tree.exact ? [tree.path] : [])),
    concerns: (path) => selection.explain(path) !== 0,
    exclude: (places) => parts.gate?.exclude(places, config),
    mountMemory: parts.mountMemory,
    prefixes: activePrefixes(config),
    isEntered: (directory) => selection.explain(directory) !== 0,
    halfReceived: parts.halfReceived,
    memory: parts.memory,
    notes: parts.notes,
    writes: parts.writes,
    unseen: parts.unseen,
    laneDirectory: files.runtime.lanes,
    parallel: settings.parallelUpdates,
    privateDatabases: settings.privateDatabases,
    batchedDeletes,
    checker: settings.checker,
    knownChecks,
    stallSeconds: settings.peerTimeout,
    timelines: parts.timelines,
    options: {
      settle: settings.settle,
      checkInterval: settings.checkInterval,
      fullSyncInterval: settings.fullSyncInterval,
      verifyInterval: settings.verifyInterval,
      serverWaitMax: settings.serverWaitMax,
      batchedChangesThreshold: settings.numBatchedChangesThreshold,
    },
    events: reporter,
  });
}

/** The result of {@link NativeSelection.matchName} for a selected name. */
const selected = 2;
