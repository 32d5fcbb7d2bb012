import type { PendingRow } from '../../csync2/database/pending-table.js';
import type {
  PrivateDatabase,
  PushedRow,
  PushOutcome,
} from '../../csync2/database/private-database.js';
import { encodeName, saidName } from '../../csync2/files/name-encoding.js';
import { type Diagnosis, Refusals } from '../../csync2/refusals/diagnosis.js';
import type { Meaning } from '../../csync2/refusals/refusals.js';
import { PushTranscript } from '../../csync2/run/push-transcript.js';
import type { Outcome } from '../../csync2/run/result.js';
import type { CommandResult, LeastRate, Runner } from '../../csync2/run/runner.js';
import type { PathBytes } from '../../text/path-bytes.js';
import type { Timeline } from '../common/timeline.js';
import type { Checkpoint } from '../database/check-journal.js';
import { Impasse } from './impasse.js';
import { PushWatch, type PushWatchParts } from './push-watch.js';
import { blamedRows } from './refused/blamed-rows.js';
import type { DoubtfulDeletions } from './slice/doubtful-deletions.js';
import type { PendingFiles } from './slice/pending-files.js';
import type { SentVersions } from './versions/sent-versions.js';

/** The parts of {@link Pusher}, which runs one push and tells what the peer's answers mean. */
export interface PushParts {
  readonly peer: string;
  readonly runner: Runner;
  readonly stallSeconds: number;
  /** Undefined if the push may take any time as long as it moves. */
  readonly leastRate?: LeastRate | undefined;
  /** The directory of the private database. */
  readonly directory: string;
  readonly files: PendingFiles;
  readonly doubt: DoubtfulDeletions;
  readonly versions: SentVersions;
  /** Whether csync2 knows of entries below a name: what it has noted, and what is pending. */
  readonly hasEntries: (encoded: Buffer) => boolean;
  /** Whether a name is a directory here, and something that is there is pending below it. */
  readonly isNeededBelow: (encoded: Buffer) => boolean;
  /** Whether a file is still as this peer has sent it. */
  readonly isTheirs: (row: PendingRow) => boolean;
  /** Looks which places are there. */
  readonly lookAtRoots: () => void;
  /** Undefined if nothing is kept from being unmounted. */
  readonly pin: PushWatchParts['pin'] | undefined;
}

/** Runs `csync2 -u` on a private database, and reads what the peer has answered. */
export class Pusher {
  readonly #parts: PushParts;

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  /**
   * Whether csync2 can show all that goes over the wire; only then does it tell why a file is
   * rejected.
   */
  isSmall(rows: readonly PendingRow[]): boolean {
    if (rows.length > toldRows) return false;
    let bytes = 0n;
    for (const row of rows) bytes += this.#parts.files.compared(row).size;
    return bytes <= toldBytes;
  }

  /**
   * Pushes a slice. The push ends early on `signal`, or on the slice's `halt` when a file of the
   * slice goes out of sight.
   */
  async run(
    { copy, isVerbose, paths, halt, timeline }: Slice,
    signal: AbortSignal,
  ): Promise<Pushed> {
    const { directory, doubt, lookAtRoots, peer, pin, runner, stallSeconds } = this.#parts;
    const watch = new PushWatch({
      paths,
      pin: pin ?? (() => () => {}),
      onOutOfSight: () => halt.abort(),
    });
    const [transcript, refusals] = [new PushTranscript(), new Refusals()];
    const { files, hasEntries } = this.#parts;
    const impasse = new Impasse({
      isFile: (name) => files.look(encoded(name)) === 'other',
      hasEntries: (name) => hasEntries(encoded(name)),
    });
    try {
      const result = await runner.run({
        mode: ['-A', isVerbose ? '-vvv' : '-v', '-u', '-P', peer],
        database: directory,
        stallSeconds,
        onSpawned: timeline && (() => timeline.mark('push spawn', performance.now())),
        ...(this.#parts.leastRate ? { leastRate: this.#parts.leastRate } : {}),
        onMessage: (message) => {
          transcript.add(message);
          refusals.add(message);
          watch.add(message);
          impasse.add(refusals.isStuck, isVerbose ? undefined : transcript.last);
        },
        signal: AbortSignal.any([signal, halt.signal, impasse.signal]),
      });
      const endedAt = Date.now();
      lookAtRoots();
      const all = doubt.without(copy.outcome(), transcript.deleted);
      const lookalikes = all.sent.filter((row) =>
        this.#isLookalike(row, transcript, refusals, isVerbose),
      );
      const outcome = withLeft(all, lookalikes);
      // At the higher level of output csync2 shows the group's key.
      const said = isVerbose
        ? result.said.filter((message) => harmless.test(message))
        : result.said;
      const pushed = {
        result: { ...result, said },
        endedAt,
        transcript,
        accepted: copy.rows.filter((row) => hasArrived(row, transcript)),
        lookalikes: isVerbose ? lookalikes : [],
      };
      if (halt.signal.aborted)
        return { ...pushed, outcome, blamed: [], diagnoses: new Map(), isHalted: true };
      if (impasse.signal.aborted) return this.#stuck(pushed, outcome, refusals);
      const isAnswered = isVerbose && !aboutThePeer.has(result.outcome);
      const diagnoses = isAnswered ? this.#diagnose(outcome.left, refusals) : new Map();
      const rest = judged(outcome, diagnoses);
      return { ...pushed, outcome: rest, blamed: this.#blamed(rest, transcript), diagnoses };
    } finally {
      watch.end();
      impasse.end();
      copy.remove();
    }
  }

  /**
   * Whether csync2 may have taken two different links for equal. csync2 compares the notes of both
   * sides only to the end of the shorter text: it takes a link to `releases/1` for one to
   * `releases/10`. It is known whether csync2 has compared two such links if it shows what the peer
   * has sent.
   */
  #isLookalike(
    row: PushedRow,
    transcript: PushTranscript,
    refusals: Refusals,
    isVerbose: boolean,
  ): boolean {
    const { files } = this.#parts;
    if (!transcript.isEqual(saidName(row)) || files.look(row.encoded) !== 'link') return false;
    const [here, there] = [files.linkTarget(row), refusals.linkTarget(saidName(row))];
    if (!isVerbose) return files.isFresh(row);
    return here !== undefined && there !== undefined && here !== there;
  }

  /** The result of a push that got stuck: rows that were not tried are neither sent nor refused. */
  #stuck(
    { accepted, endedAt, result, transcript }: Unjudged,
    outcome: PushOutcome,
    refusals: Refusals,
  ): Pushed {
    const left = outcome.left.filter((row) => transcript.hasTried(saidName(row)));
    return {
      result: { ...result, outcome: 'refused' },
      endedAt,
      transcript,
      accepted,
      outcome: { ...outcome, left },
      blamed: left,
      diagnoses: this.#diagnose(left, refusals),
      isStuck: true,
    };
  }

  /**
   * The rows to blame. If nothing was sent and no row is to blame, all rows are blamed, or the same
   * rows would be pushed again and again.
   */
  #blamed({ sent, left }: PushOutcome, transcript: PushTranscript): readonly PushedRow[] {
    const isGone = (row: PushedRow) => this.#parts.files.look(row.encoded) === 'gone';
    const blamed = blamedRows({ left, transcript, isGone });
    return blamed.length + sent.length === 0 ? left : blamed;
  }

  #diagnose(left: readonly PushedRow[], refusals: Refusals): Diagnoses {
    const diagnoses = new Map<PushedRow, Diagnosis>();
    for (const row of left) {
      const own = this.#parts.files.compared(row);
      const diagnosis = refusals.of(saidName(row), own);
      // A row that is left alone is to blame, even if csync2 has said nothing about it.
      if (diagnosis) diagnoses.set(row, { ...diagnosis, meaning: this.#meaningOf(row, diagnosis) });
      else if (left.length === 1) diagnoses.set(row, refusals.last(own));
    }
    return diagnoses;
  }

  /**
   * What a refusal means, with what is known of versions. If the peer has changed a file after it
   * took or sent this very version, it sends that later change.
   */
  #meaningOf(row: PendingRow, { isAbsent, meaning }: Diagnosis): Meaning {
    const { isNeededBelow, isTheirs, versions } = this.#parts;
    if (meaning !== 'conflict') return meaning;
    if (isTheirs(row)) return 'settled';
    // What is still to be sent below a directory that the peer has removed would never arrive.
    const isLater = versions.has(row) && !(isAbsent && isNeededBelow(row.encoded));
    return isLater ? 'settled' : 'conflict';
  }
}

/** A push that is ready to run. */
export interface Slice {
  readonly copy: PrivateDatabase;
  readonly checkpoint: Checkpoint;
  /** Whether csync2 is to tell all it does (`-vvv`): also why the peer rejects a file. */
  readonly isVerbose: boolean;
  /** The files on this host. */
  readonly paths: readonly PathBytes[];
  /** Ends the push. */
  readonly halt: AbortController;
  /** Of the single change that is in it, if there is one and somebody wants to know. */
  readonly timeline: Timeline | undefined;
}

/** Why rows are left, as far as that is known. */
export type Diagnoses = ReadonlyMap<PendingRow, Diagnosis>;

/** The result of a push. */
export interface Pushed {
  readonly result: CommandResult;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
  readonly outcome: PushOutcome;
  readonly transcript: PushTranscript;
  /**
   * Rows whose files the peer has accepted as far as csync2's messages tell. They may be left, if
   * csync2 was ended before it committed that.
   */
  readonly accepted: readonly PushedRow[];
  /** The rows that were left for their own sake; see {@link blamedRows}. */
  readonly blamed: readonly PushedRow[];
  readonly diagnoses: Diagnoses;
  /** The push was ended because one of its files went out of sight. */
  readonly isHalted?: true;
  /**
   * Links that were left, lead elsewhere on the peer, and are equal to csync2. They must be sent
   * with force.
   */
  readonly lookalikes?: readonly PushedRow[];
  /** The push was ended because both sides waited for each other. */
  readonly isStuck?: true;
}

type Unjudged = Pick<Pushed, 'accepted' | 'endedAt' | 'result' | 'transcript'>;

/** Outcomes that say nothing about single files. */
export const aboutThePeer: ReadonlySet<Outcome> = new Set([
  'unreachable',
  'hung-up',
  'certificate',
  'stalled',
  'config',
  'maintenance',
  'not-found',
  'locked',
  'shortage',
]);
/**
 * Whether the peer has the version of a row's file that was sent. A deletion tells nothing of a
 * file that is there again.
 */
function hasArrived(row: PushedRow, transcript: PushTranscript): boolean {
  const name = saidName(row);
  return transcript.hasAccepted(name) && transcript.hasUpdated(name) && !transcript.isEqual(name);
}

/** Adds to the outcome what the peer's answers say of the rows that are left. */
function judged(outcome: PushOutcome, diagnoses: Diagnoses): PushOutcome {
  if (diagnoses.size === 0) return outcome;
  const having = (meaning: Meaning) =>
    outcome.left.filter((row) => diagnoses.get(row)?.meaning === meaning);
  const settled = having('settled');
  const left = outcome.left.filter((row) => !settled.includes(row));
  const later = settled.filter((row) => diagnoses.get(row)?.outcome === 'conflict');
  return {
    ...outcome,
    sent: outcome.sent.concat(settled),
    left,
    later,
    needParents: having('parent-first'),
  };
}

/** Moves rows that csync2 takes for sent to the rows that are left. */
function withLeft(outcome: PushOutcome, rows: readonly PushedRow[]): PushOutcome {
  if (rows.length === 0) return outcome;
  const sent = outcome.sent.filter((row) => !rows.includes(row));
  return { ...outcome, sent, left: [...outcome.left, ...rows] };
}

function encoded(name: string): Buffer {
  return encodeName(Buffer.from(name, 'latin1'));
}

/** The largest push of which csync2 tells everything: about 40 messages a file, and its content. */
const toldRows = 64;
const toldBytes = 256n * 1024n;
/** Messages of csync2 about a session that contain no file name and no key. */
const harmless =
  /^(ERROR|Connecting to host|Connect to|SSL|Config command|Group command|Database (?:Error|backend)|Can't|Certificate)/;
