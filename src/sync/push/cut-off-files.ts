import type { PendingRow } from '../../csync2/database/pending-table.js';
import { saidName } from '../../csync2/files/name-encoding.js';
import type { PushTranscript } from '../../csync2/run/push-transcript.js';

/**
 * Files that a push was sending when it was killed or its peer died. The peer may have put such a
 * file in its place without owner, mode and time, and without a note in its database. The peer then
 * takes its half of our file for a change of its own, which is a false conflict. So the file is
 * sent again with force, unless so much time has passed that a user on the peer may really have
 * changed it.
 */
export class CutOffFiles {
  /** Until when each file is sent with force, in milliseconds since 1970. */
  readonly #until = new Map<string, number>();

  /** Whether a row must be pushed with force. */
  isForced(row: PendingRow, now = Date.now()): boolean {
    return now < (this.#until.get(saidName(row)) ?? 0);
  }

  /** Takes in the result of a push. */
  pushed(transcript: PushTranscript, { sent, left }: Rows, now = Date.now()): void {
    for (const row of sent) this.#until.delete(saidName(row));
    const name = transcript.nameCutOff(left.map(saidName));
    if (name !== undefined) this.#until.set(name, now + forcedMilliseconds);
  }
}

interface Rows {
  readonly sent: readonly PendingRow[];
  readonly left: readonly PendingRow[];
}

const forcedMilliseconds = 60_000;
