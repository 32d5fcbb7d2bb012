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
 * @param own - the value that `auto` compares on this side: whole seconds, or bytes
 */
export function readDiagnosis(
  text: string,
  own: { readonly seconds: bigint; readonly size: bigint },
): Diagnosis {
  const replies = [...text.matchAll(/^response from peer\([\s\S]*?\): \S+ \[(\d+)\] <- (.*)$/gm)];
  const last = replies.filter(([, code]) => Number(code) >= firstError).at(-1);
  const code = Number(last?.[1] ?? 0);
  const said = last?.[2]?.trim() ?? '';
  const asked = /^Local> GET(TM|SZ) [^\n]*\n(?:.*\n)*?Peer> (-?\d+)\\n$/m.exec(text);
  const mine = asked?.[1] === 'TM' ? own.seconds : own.size;
  const isTie = asked !== null && BigInt(asked[2] as string) === mine;
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
