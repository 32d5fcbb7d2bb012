import type { Outcome } from './result.js';

/** Why a peer did not take one file. */
export interface Diagnosis {
  readonly outcome: Outcome;
  /** What the peer said, if it is more than the outcome tells. */
  readonly detail: string;
  /**
   * csync2 asked which side is younger (or bigger), and neither is: both lose, and the file would stay different for
   * ever.
   */
  readonly isTie: boolean;
}

/**
 * Reads the text of a push of a single file at `-vvv`, the only level at which csync2 tells why. Nothing of the text
 * may be kept or shown: it holds the group's key.
 *
 * @param name - of the file, as csync2 prints it; what stands in it counts for nothing
 * @param own - the value that `auto` compares on this side: whole seconds, or bytes
 */
export function readDiagnosis(
  text: string,
  name: Buffer,
  own: { readonly seconds: bigint; readonly size: bigint },
): Diagnosis {
  const lines = text.replaceAll(name.toString('utf8'), '').split('\n');
  let code = 0;
  let said = '';
  let asked: string | undefined;
  let isTie = false;
  for (const line of lines) {
    const reply = /^response from peer\([^)]*\): \S+ \[(\d+)\] <- (.*)$/.exec(line);
    if (reply && Number(reply[1]) >= firstError) [code, said] = [Number(reply[1]), (reply[2] ?? '').trim()];
    asked = /^Local> GET(TM|SZ) /.exec(line)?.[1] ?? asked;
    const answer = asked === undefined ? undefined : /^Peer> (-?\d+)\\n$/.exec(line)?.[1];
    if (answer === undefined) continue;
    isTie ||= BigInt(answer) === (asked === 'TM' ? own.seconds : own.size);
    asked = undefined;
  }
  switch (code) {
    case replyCodes.alsoDirty:
      return { outcome: 'conflict', detail: '', isTie };
    case replyCodes.identification:
      return { outcome: 'unidentified', detail: '', isTie: false };
    case replyCodes.permissionForSlave:
    case replyCodes.permission:
      return { outcome: 'denied', detail: '', isTie: false };
    case replyCodes.parentMissing:
      return { outcome: 'refused', detail: 'its directory is missing on the peer', isTie: false };
    default:
      return { outcome: 'refused', detail: said, isTie: false };
  }
}

/** csync2 `conn_response`. */
const replyCodes = {
  alsoDirty: 10,
  parentMissing: 11,
  identification: 13,
  permissionForSlave: 14,
  permission: 15,
} as const;
const firstError = 8;
