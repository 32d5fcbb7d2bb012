import type { PendingRow } from '../../csync2/database/pending-table.js';
import { saidName } from '../../csync2/files/name-encoding.js';
import type { PushTranscript } from '../../csync2/run/push-transcript.js';

/**
 * Files that a push was sending when it was killed or its peer died. The peer may have put such a
 * file in its place without owner, mode and time, and without a note in its database. The peer then
 * takes its half of our file for a change of its own, which is a false conflict. Such a file is
 * sent with force, if the peer calls it changed on both sides soon after.
 */
export class CutOffFiles {
  /** Until when each file counts, in milliseconds since 1970. */
  readonly #until = new Map<string, number>();

  /** Whether a row was cut off within the last minute, and has not been sent since. */
  isRecent(row: PendingRow, now = Date.now()): boolean {
    return now < (this.#until.get(saidName(row)) ?? 0);
  }

  /** Takes in the result of a push. */
  pushed(transcript: PushTranscript, { sent, left }: Rows, now = Date.now()): void {
    for (const row of sent) this.#until.delete(saidName(row));
    const name = transcript.nameCutOff(left.map(saidName));
    if (name !== undefined) this.#until.set(name, now + recentMilliseconds);
  }
}

interface Rows {
  readonly sent: readonly PendingRow[];
  readonly left: readonly PendingRow[];
}

const recentMilliseconds = 60_000;
