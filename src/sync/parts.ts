import type { AutoMethod } from '../csync2/cfg/model.js';
import type { Fallback } from '../csync2/check/fallback.js';
import type { PathPrefix } from '../csync2/files/name-encoding.js';
import type { Runner } from '../csync2/run/runner.js';
import type { Activity } from '../csync2/sessions/activity.js';
import type { ReceivedFile } from '../csync2/sessions/half-received.js';
import type { Queue } from '../queue/queue.js';
import type { PathBytes } from '../text/path-bytes.js';
import type { Timelines } from './common/timelines.js';
import type { ServerGate } from './database/database-window.js';
import type { UnsupportedSummary } from './full-check/unsupported-paths.js';
import type { MountMemory } from './guard/mount-memory.js';
import type { FileMemory } from './memory/file-memory.js';
import type { NoteHistory } from './memory/note-history.js';
import type { UnseenSpans } from './memory/unseen-spans.js';
import type { WriteCounts } from './memory/write-counts.js';
import type { KnownPeers } from './newcomers/known-peers.js';
import type { FirstComparison } from './newcomers/newcomers.js';
import type { PushReport } from './push/lane.js';
import type { PausedPeers } from './push/paused-peers.js';
import type { SchedulerEvents, SchedulerOptions } from './scheduler.js';

/** The parts from which the sync stage is built. */
export interface SyncParts {
  readonly runner: Runner;
  readonly queue: Queue;
  readonly activity: Activity;
  /** Holds new sessions of the server up, where we run it. */
  readonly gate: ServerGate | undefined;
  readonly peers: readonly SyncPeer[];
  readonly knownPeers: KnownPeers;
  /** Which peers are paused; see {@link Sync.pause}. */
  readonly paused: PausedPeers;
  /** Keeps on disk which check is under way. */
  readonly checkRecord: string;
  /** Outermost included paths: what a full check looks at. */
  readonly roots: readonly PathBytes[];
  /** Included paths that must be there before anything below them is checked. */
  readonly trees: readonly PathBytes[];
  /** Whether something at or below a path may be synchronised. */
  readonly concerns: (path: PathBytes) => boolean;
  /**
   * Makes csync2's server refuse all paths at and below some places, and accept all others again;
   * undefined if others run the server.
   */
  readonly exclude?: (places: readonly PathBytes[]) => void;
  /** What was mounted in the trees, over restarts. */
  readonly mountMemory: MountMemory;
  readonly prefixes: readonly PathPrefix[];
  /** Whether csync2's walk from `/` comes into a directory. */
  readonly isEntered: (directory: PathBytes) => boolean;
  /** File that tells when the last full check was. */
  readonly fullCheckHistory: string;
  /** File that tells when all peers were compared with last. */
  readonly verifyHistory: string;
  /** The files that a killed session had left, and that csync2 has noted. */
  readonly halfReceived: readonly ReceivedFile[];
  readonly memory: FileMemory;
  readonly notes: NoteHistory;
  readonly writes: WriteCounts;
  /** When changes may have gone unseen before this run, and in it. */
  readonly unseen: UnseenSpans;
  /** Directory for private databases, best on tmpfs. */
  readonly laneDirectory: string;
  readonly parallel: boolean;
  /** Whether each update gets a database of its own, where that can be. */
  readonly privateDatabases: boolean;
  /** Whether this csync2 knows `-b`. */
  readonly batchedDeletes: boolean;
  /** Whether paths are checked by csync2 alone, or in our own process where that can be. */
  readonly checker: 'csync2' | 'auto';
  /** Whether it is known what this csync2's checks do. */
  readonly knownChecks: boolean;
  /** Seconds without progress after which a push is ended. */
  readonly stallSeconds: number;
  readonly options: SchedulerOptions & {
    /** Seconds between regular comparisons with all peers; 0 for none. */
    readonly verifyInterval: number;
  };
  /** Follows single changes; undefined: nobody wants to know where the time goes. */
  readonly timelines: Timelines | undefined;
  readonly events: SchedulerEvents & {
    onPush?(report: PushReport): void;
    /**
     * A session of csync2's server has received what is at a path; when, in milliseconds since
     * 1970.
     */
    onReceived?(path: PathBytes, peer: string, at: number): void;
    onError?(where: string, error: unknown): void;
    /** So many paths were checked in our own process. */
    onCheckedHere?(count: number): void;
    /** So many paths were left to csync2, although they were to be checked in our own process. */
    onLeftToCsync2?(reason: Fallback, count: number): void;
    onCompared?(peer: string, comparison: FirstComparison): void;
    /**
     * Files that differ from a peer while nothing is on its way, and that an administrator must
     * decide with `auto none`; an empty list if nothing differs.
     */
    onDiverged?(peer: string, paths: readonly PathBytes[]): void;
    /**
     * Hosts that had changed the same files at once had reached different versions: the peer gets
     * this host's version.
     */
    onDecided?(peer: string, paths: readonly PathBytes[]): void;
    /** The first path that csync2 can't handle has come, or the last is gone. */
    onUnsupported?(summary: UnsupportedSummary): void;
    /** A check had taken files for deleted that are only out of sight. */
    onRestored?(paths: readonly PathBytes[]): void;
    /** A place is back, and does not hold what peers have sent there meanwhile. */
    onUnseen?(place: PathBytes, files: readonly PathBytes[]): void;
  };
}

/** A peer as the sync stage needs it. */
export interface SyncPeer {
  readonly name: string;
  /** What it calls this host. */
  readonly myName: string;
  /** Names of the groups that it shares with this host. */
  readonly groups: readonly string[];
  /** It only receives. */
  readonly slave: boolean;
  /** This host only receives from it. */
  readonly slaveHere: boolean;
  /** How csync2.cfg has conflicts with it resolved. */
  readonly auto: AutoMethod;
  /** It stands before this host in csync2.cfg. */
  readonly onLeft: boolean;
  /** Whether csync2 synchronises a name, real or that of a prefix, with it. */
  readonly shares: (name: Buffer) => boolean;
}
