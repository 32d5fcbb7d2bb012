import type { PendingRow } from '../../csync2/database/pending-table.js';
import type { PushedRow } from '../../csync2/database/private-database.js';
import { encodeName, saidName } from '../../csync2/files/name-encoding.js';
import type { Diagnosis } from '../../csync2/refusals/diagnosis.js';
import type { Outcome } from '../../csync2/run/result.js';
import type { CutOffFiles } from './cut-off-files.js';
import { aboutThePeer, type Pushed } from './pusher.js';
import type { RefusalClassifier } from './refused/refusal-classifier.js';
import type { RejectedRows } from './refused/rejected-rows.js';
import type { PendingFiles } from './slice/pending-files.js';
import type { ContestedVersions } from './versions/contested-versions.js';
import type { SentVersions } from './versions/sent-versions.js';

/** The state that {@link Judge} keeps up to date for one peer, and the callbacks that it calls. */
export interface JudgeParts {
  readonly peer: string;
  readonly files: PendingFiles;
  readonly rejected: RejectedRows;
  readonly versions: SentVersions;
  readonly contested: ContestedVersions;
  readonly cutOff: CutOffFiles;
  readonly refusal: RefusalClassifier;
  /** Asks for the next push to be a single row that was refused. */
  readonly askSoon: () => void;
  /** Called when the peer has something unknown in the way of this name. */
  readonly compare?: ((encoded: Buffer) => void) | undefined;
  /** This host and the peer have both changed a file. */
  readonly onContested?: ((encoded: Buffer) => void) | undefined;
  /**
   * Called when the peer takes our version late: it may have brought an older version to other
   * hosts after they took ours.
   */
  readonly onLate?: ((encoded: Buffer) => void) | undefined;
}

/** Decides what the end of a push means for its files and for the peer. */
export class Judge {
  readonly #parts: JudgeParts;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
  }

  /** @returns why the peer takes nothing at the moment; undefined if it takes files */
  judge(pushed: Pushed): Outcome | undefined {
    const { askSoon, cutOff, refusal, rejected } = this.#parts;
    const { diagnoses, result, outcome, transcript } = pushed;
    const { sent, left } = outcome;
    this.#noteVersions(pushed);
    rejected.taken(sent);
    rejected.takenBelow(sent);
    if (!pushed.isStuck) cutOff.pushed(transcript, outcome);
    // Rows that were refused along with all others were not refused for their own sake.
    if (sent.length > 0 && refusal.isOver()) rejected.release();
    if (result.outcome === 'stalled') this.#noteStall(pushed);
    const failure = left.length > 0 && sent.length === 0 ? this.#failureOf(pushed) : undefined;
    if (failure) return failure;
    // The next rows may be refused for the same reason, and one of these rows tells it.
    if (sent.length === 0 && left.length > 0 && diagnoses.size === 0) askSoon();
    // Exit code 0 is no proof: the rows are left. The peer was reached and did not take these
    // files.
    for (const row of pushed.blamed.filter((each) => !rejected.isResting(each)))
      this.#noteRefusal(row, pushed);
    rejected.left(left, (row) => this.#parts.files.stamp(row));
    return undefined;
  }

  #noteVersions(pushed: Pushed): void {
    const { contested, onContested, onLate, versions } = this.#parts;
    const { sent, left, later } = pushed.outcome;
    const late = sent.filter((row) => !later?.includes(row) && this.#isLate(row));
    contested.sent(sent);
    for (const row of [...sent, ...left]) if (isContested(row, pushed)) onContested?.(row.encoded);
    for (const { encoded } of late) onLate?.(encoded);
    versions.accepted(pushed.accepted, pushed.endedAt);
    versions.taken(sent, pushed.endedAt);
  }

  /**
   * Whether the peer had a version of its own until now, which it may have been bringing to others.
   */
  #isLate(row: PendingRow): boolean {
    const { contested, rejected } = this.#parts;
    const { encoded } = row;
    return rejected.wasConflict(row) || contested.isOrigin(encoded) || contested.isDecided(encoded);
  }

  /** Why nothing was taken, if the reason is the peer's and not that of these files. */
  #failureOf({ result, diagnoses }: Pushed): Outcome | undefined {
    const { refusal, rejected } = this.#parts;
    if (aboutThePeer.has(result.outcome)) return result.outcome;
    for (const diagnosis of diagnoses.values()) {
      if (!refusal.isOfPeer(diagnosis)) continue;
      rejected.release();
      return diagnosis.outcome;
    }
    return undefined;
  }

  #noteRefusal(row: PushedRow, { diagnoses, endedAt, lookalikes }: Pushed): void {
    const { compare, files, rejected, versions } = this.#parts;
    const diagnosis = diagnoses.get(row);
    const isOwn = diagnosis !== undefined && this.#isOwnHalf(row, diagnosis);
    rejected.refused(row, files.stamp(row), diagnosis, Date.now());
    if (lookalikes?.includes(row)) rejected.force(row);
    if (isOwn) rejected.force(row);
    if (diagnosis?.isTie && this.#winsTies(row)) rejected.force(row);
    // If the row is refused once more, the reason is a later change on the peer.
    if (diagnosis?.meaning === 'half-taken') versions.taken([row], endedAt);
    if (diagnosis?.meaning === 'compare') compare?.(row.encoded);
  }

  /**
   * Whether the peer calls our own half of a file a change of its own. Either the push of it was
   * cut off, or a check on the peer has met it before its owner and mode were set, and the rest was
   * refused in a larger push, without a reason. A file of another size is somebody's change, as is
   * one that is there again after its removal.
   */
  #isOwnHalf(row: PushedRow, { meaning, there }: Diagnosis): boolean {
    const { cutOff, files, rejected } = this.#parts;
    if (meaning !== 'conflict') return false;
    const kind = files.look(row.encoded);
    const isSame = kind !== 'other' || there?.size === files.compared(row).size;
    if (cutOff.isRecent(row)) return isSame && kind !== 'gone';
    const isBare =
      kind !== 'link' && there?.mode === (kind === 'directory' ? bareDirectory : bareFile);
    return isSame && isBare && kind !== 'gone' && rejected.isUndiagnosed(row);
  }

  /**
   * Notes the row at which the peer stalled, if it is a file or a link. csync2's server sends no
   * answer when a file must replace a directory that is not empty on the peer (csync_rs_sig reads
   * the directory, and fails silently).
   */
  #noteStall({ outcome: { left }, transcript }: Pushed): void {
    const { compare, files, rejected } = this.#parts;
    const name = transcript.nameCutOff(left.map(saidName));
    const row = left.find((each) => saidName(each) === name);
    if (!row || !['other', 'link'].includes(files.look(row.encoded))) return;
    rejected.refused(row, files.stamp(row), stalledAt, Date.now());
    compare?.(row.encoded);
  }

  /**
   * Whether this host wins a tie. Both sides changed the file within the same second (or to the
   * same size), which is all that `auto` compares, so neither wins there. One host must give way,
   * and both must agree which: the host whose name comes later.
   */
  #winsTies(row: PendingRow): boolean {
    return Buffer.compare(row.myName, encodeName(Buffer.from(this.#parts.peer))) < 0;
  }
}

/** The modes with which csync2's server makes directories (`MKDIR`) and files (`PATCH`). */
const bareDirectory = 0o040700;
const bareFile = 0o100600;

function isContested(row: PushedRow, { diagnoses, outcome, transcript }: Pushed): boolean {
  const isLeft = outcome.left.includes(row) && diagnoses.has(row);
  return isLeft || outcome.later?.includes(row) || transcript.isContested(saidName(row));
}

const stalledAt: Diagnosis = {
  outcome: 'refused',
  meaning: 'compare',
  detail: 'the peer does not answer at this file',
  isTie: false,
};
