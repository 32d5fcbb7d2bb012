import { display, fromKey } from '../path-bytes.js';
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
 * Reads the messages of a push of a single file at `-vvv`, the only level at which csync2 tells why. None of them
 * may be kept or shown: they hold the group's key.
 *
 * @param said - the messages, one character a byte
 * @param own - the value that `auto` compares on this side: whole seconds, or bytes
 */
export function readDiagnosis(
  said: readonly string[],
  own: { readonly seconds: bigint; readonly size: bigint },
): Diagnosis {
  const replies = said.flatMap((message) => {
    // A name may hold the same signs: what the peer has said is behind the last of them.
    const parts = /^response from peer\(.*\): \S+ \[(\d+)\] <- (.*)$/s.exec(message);
    return parts ? [{ code: Number(parts[1]), text: (parts[2] as string).trim() }] : [];
  });
  const last = replies.filter((reply) => reply.code >= firstError).at(-1);
  const code = last?.code ?? 0;
  const theirs = compared(said);
  const isTie = theirs !== undefined && theirs.value === (theirs.what === 'TM' ? own.seconds : own.size);
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
      return { outcome: 'refused', detail: display(fromKey(last?.text ?? '')), isTie: false };
  }
}

/** What `auto` has asked the peer for, and its answer. csync2 shows what goes over the wire escaped, each piece by itself. */
function compared(said: readonly string[]): { what: 'TM' | 'SZ'; value: bigint } | undefined {
  const asked = said.findLastIndex((message) => /^Local> GET(TM|SZ) /.test(message));
  const what = said[asked]?.startsWith('Local> GETTM') ? 'TM' : 'SZ';
  for (const message of asked < 0 ? [] : said.slice(asked + 1)) {
    const answer = /^Peer> (-?\d{1,20})\\n$/.exec(message);
    if (answer) return { what, value: BigInt(answer[1] as string) };
  }
  return undefined;
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
