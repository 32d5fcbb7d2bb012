import type { RefusalCause } from '../csync2/sessions/refused-sessions.js';
import type { SchedulerState } from '../sync/scheduler.js';
import type { TroubleKind } from './recent-troubles.js';

/**
 * The status as `status --json` prints it. `docs/reference/status-json.md` is made of these
 * comments. Ages are in seconds; `health` decides the exit code.
 */
export interface Status {
  /**
   * Version of this format. It grows when a field changes its meaning or goes; fields may be added
   * at any time.
   */
  readonly schema: 1;
  /** Decides the exit status: 0 if healthy, 1 if degraded. */
  readonly health: 'healthy' | 'degraded';
  /** What is wrong, one sentence each; empty if healthy. */
  readonly problems: readonly string[];
  /** This host's name in csync2.cfg. */
  readonly host: string;
  /** Version of inotify-csync that runs. */
  readonly version: string;
  /**
   * How peers are updated: at the same time or one after another, with private databases or the
   * shared one.
   */
  readonly strategy: string;
  /** Time since the service started. */
  readonly uptime_s: number;
  /** What the service is doing. */
  readonly state: SchedulerState;
  /** The same, in words. */
  readonly state_text: string;
  /** Directories that are watched. */
  readonly directories: number;
  /**
   * Topmost directories that are not watched because the watch limit is reached; they are checked
   * now and then.
   */
  readonly unwatched: number;
  /** Directories that cannot be read. */
  readonly unreadable: number;
  /** The queue of changes. */
  readonly queue: {
    /** Changes that wait to be checked. */
    readonly depth: number;
    /** Age of the oldest of them; null if there is none. */
    readonly oldest_s: number | null;
    /** How often the queue was reset (`num_lines_until_reset`). */
    readonly resets: number;
  };
  /** The full check that has to run; null if none is due. */
  readonly full_check_due: {
    /** Why it is due. */
    readonly reason: string;
    /** For how long it has been due. */
    readonly age_s: number;
    /** How often, in a row, it could not be completed. */
    readonly failures: number;
  } | null;
  /**
   * What is wrong with the settings or csync2.cfg on disk; the previous configuration is in use
   * meanwhile.
   */
  readonly config_troubles: readonly {
    /** The mistake. */
    readonly message: string;
    /** What to do about it. */
    readonly hint: string;
    /** For how long it has been there. */
    readonly age_s: number;
  }[];
  /** How changed files are checked. */
  readonly checks: {
    /** The setting `checker`. */
    readonly checker: 'csync2' | 'auto';
    /** Paths checked without csync2 since the start. */
    readonly here: number;
    /** Paths that were left to csync2 although `checker` is `auto`, by reason. */
    readonly left: Readonly<Record<string, number>>;
    /** The reasons that last until the configuration or csync2 changes, in words. */
    readonly reasons: readonly string[];
  };
  /** Changes that only a regular full check found, though the watcher should have reported them. */
  readonly detected_late: {
    /** How many since the start. */
    readonly count: number;
    /** The first of them. */
    readonly paths: readonly string[];
  };
  /** Included directories, and what is or was mounted in them. */
  readonly roots: readonly RootStatus[];
  /** The peers of this host. */
  readonly peers: readonly PeerStatus[];
  /** Paths that csync2 could not check and that are retried: the first of them. */
  readonly deferred: readonly {
    /** The path. */
    readonly path: string;
    /** Why it could not be checked, in words. */
    readonly reason: string;
  }[];
  /** How many there are in all. */
  readonly deferred_count: number;
  /** Paths that are too long for csync2 and stay on this host. */
  readonly unsupported: {
    /** How many are known. */
    readonly count: number;
    /** Whether there are more than that. */
    readonly more: boolean;
    /** The first of them. */
    readonly paths: readonly string[];
  };
  /** The csync2 server of this host. */
  readonly server: {
    /** `external` if another program runs it; otherwise one of the words below. */
    readonly state: string;
    /** Sessions that are open. */
    readonly sessions: readonly {
      /** Process of csync2. */
      readonly pid: number;
      /** Address of the peer. */
      readonly from: string;
      /** Files received so far. */
      readonly files: number;
    }[];
    /** Files received since the start, by peer. */
    readonly received: Readonly<Record<string, number>>;
    /** Sessions refused as a whole since the start, by peer. */
    readonly refused: Readonly<Record<string, number>>;
    /** Sessions refused as a whole of those whom csync2.cfg does not name; not a problem. */
    readonly refused_others: {
      /** How many since the start. */
      readonly count: number;
      /** When the last one was refused, ISO 8601; null if none was. */
      readonly last: string | null;
      /** Who the last one said it was. */
      readonly name: string;
      /** Addresses they came from, the last one first: some of them. */
      readonly from: readonly string[];
    };
  };
  /**
   * Peers whose sessions the csync2 server refuses; until one is accepted, or none has come for
   * half an hour.
   */
  readonly refused_sessions: readonly {
    /** The peer; its address is its own only if the reason is not `identification`. */
    readonly peer: string;
    /**
     * `permission`: its key or csync2.cfg differs; `identification`: its address or certificate is
     * not that of the peer; `tls`: it does not use TLS.
     */
    readonly reason: RefusalCause;
    /** How many in a row. */
    readonly count: number;
    /** When the last one was refused, ISO 8601. */
    readonly last: string;
    /** Time since then. */
    readonly last_s: number;
    /** Address it came from. */
    readonly from: string;
  }[];
  /** Troubles of queue and watcher since the start: the last of each kind, the latest first. */
  readonly recent_troubles: readonly {
    /**
     * `queue-disk-full`, `queue-disk-failing` (these two are problems while they last),
     * `queue-damaged`, `queue-overflow` or `changes-unseen`.
     */
    readonly kind: TroubleKind;
    /** The same, in words, with the time. */
    readonly text: string;
    /** When it began, ISO 8601. */
    readonly since: string;
    /** When it was over; null if it is not. */
    readonly until: string | null;
  }[];
  /**
   * How many paths are left out of all of this, because only root may see them; not set for root.
   */
  readonly paths_left_out?: number;
}

/** A place that has to be there before anything at or below it is checked or sent. */
export interface RootStatus {
  /** The included directory or mount point. */
  readonly path: string;
  /** One of the words below; nothing at or below it is checked or sent unless it is `present`. */
  readonly state: string;
  /** The same, in words, with the error if it is unreadable. */
  readonly text: string;
  /** Present for a mount point that no include names. */
  readonly mount?: true;
}

/** See {@link PeerStatus.health}. */
export type PeerHealth = 'ok' | 'retrying' | 'failing' | 'new' | 'paused';

/** How it stands with one peer. */
export interface PeerStatus {
  /** Its name in csync2.cfg. */
  readonly name: string;
  /**
   * `retrying`: unreachable for less than ten seconds, as when it restarts; `new`: not compared
   * with this host yet; `paused`: by an administrator.
   */
  readonly health: PeerHealth;
  /** What its lane, which sends to it, is doing: one of the words below. */
  readonly state: string;
  /** The same, in words. */
  readonly state_text: string;
  /** Why the last update failed, one of the words below; null if it did not. */
  readonly reason: string | null;
  /** The same, in words; for a new peer, why the comparison failed. */
  readonly reason_text: string | null;
  /** For how long updates, or the initial comparison, have failed; null if they have not. */
  readonly failing_s: number | null;
  /** When the peer was paused, ISO 8601; null if it is not. */
  readonly paused_since: string | null;
  /** For how long it has been paused. */
  readonly paused_s: number | null;
  /** Time until the next try; null if none is planned. */
  readonly next_attempt_s: number | null;
  /** Files pending; null if csync2's database cannot be read. */
  readonly pending: number | null;
  /** For how long some file has been pending without a break; null if none is. */
  readonly oldest_pending_s: number | null;
  /**
   * Files sent each second in the last 15 seconds; null if ten files or fewer are pending, if
   * nothing is sent because the peer fails, is new or is paused, or if it is too early to say.
   */
  readonly sent_per_second: number | null;
  /**
   * Estimated time until no file is pending; null also if no file is being sent, or if the number
   * of pending files does not decrease.
   */
  readonly eta_s: number | null;
  /** Files that are not sent because this host cannot access them. */
  readonly unreadable: number;
  /** Files sent since the configuration was loaded. */
  readonly sent: number;
  /** Time since a file was sent; null if none was. */
  readonly last_sent_s: number | null;
  /** Files that the peer rejects: the first of them. */
  readonly on_hold: readonly {
    /** The file. */
    readonly path: string;
    /** Why it is rejected, in words. */
    readonly reason: string;
    /** How often it was tried. */
    readonly failures: number;
  }[];
  /** How many there are in all. */
  readonly on_hold_count: number;
  /**
   * How many of those on hold were changed both here and on the peer: see
   * `inotify-csync conflicts`.
   */
  readonly conflicts: number;
}
