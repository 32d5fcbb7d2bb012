import type { DirtyRow } from '../../csync2/database/ledger.js';
import { saidName } from '../../csync2/files/name-encoding.js';
import type { PushTranscript } from '../../csync2/run/push-transcript.js';

/**
 * Files that were under way when a push was cut off: killed, or left by a peer that died. The peer
 * may have put such a file in its place without owner, mode and time, and without taking note of
 * it. It then takes its own half of our file for a change of its own: a conflict that is none. So
 * it is sent again with force, unless so much time has passed that somebody there may really have
 * changed it.
 */
export class CutOffFiles {
  /** Until when each is to be forced, milliseconds since 1970. */
  readonly #until = new Map<string, number>();

  /** Whether a row is to be pushed with force. */
  isForced(row: DirtyRow, now = Date.now()): boolean {
    return now < (this.#until.get(saidName(row)) ?? 0);
  }

  /** Notes what a push has come to. */
  pushed(transcript: PushTranscript, { sent, left }: Rows, now = Date.now()): void {
    for (const row of sent) this.#until.delete(saidName(row));
    const name = transcript.nameCutOff(left.map(saidName));
    if (name !== undefined) this.#until.set(name, now + forcedMilliseconds);
  }
}

interface Rows {
  readonly sent: readonly DirtyRow[];
  readonly left: readonly DirtyRow[];
}

const forcedMilliseconds = 60_000;
