import { display, fromKey } from '../path-bytes.js';
import { codes, type Meaning, meaningOf, outcomeOf, type Refused } from './refusals.js';
import type { Outcome } from './result.js';

/** Why a peer did not take one file. */
export interface Diagnosis {
  readonly outcome: Outcome;
  readonly meaning: Meaning;
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
  const refused = firstRefusal(said);
  const { code, text } = refused;
  const theirs = compared(said);
  const isTie = theirs !== undefined && theirs.value === (theirs.what === 'TM' ? own.seconds : own.size);
  const outcome = outcomeOf(refused);
  return {
    outcome,
    meaning: meaningOf(refused),
    detail: outcome === 'refused' ? detailOf(code, text) : '',
    isTie: outcome === 'conflict' && isTie,
  };
}

/**
 * The first refusal of the last attempt counts: where csync2's server can't take a file's content, it reads that as commands,
 * and refuses each line of it.
 */
function firstRefusal(said: readonly string[]): Refused {
  let [isRemoval, operation, key] = [false, '', undefined as string | undefined];
  let first: Refused | undefined;
  for (const message of said) {
    const attempt = /^(Updating|Deleting) .* on \S+ \.\.\.$/s.exec(message);
    const sent = /^Local> ([A-Z]+)(?: (\S+))?/.exec(message);
    const isUnsigned = /^Peer> octet-stream -\d+\\n$/.test(message);
    const reply = /^response from peer\(.*\): \S+ \[(\d+)\] <- (.*)$/s.exec(message);
    if (attempt) [isRemoval, first] = [attempt[1] === 'Deleting', undefined];
    else if (sent) {
      // A file's content is shown in the same way; only we know the key.
      if (sent[1] === 'SIG' || sent[1] === 'FLUSH') key ??= sent[2];
      if (key === undefined || sent[2] === key) operation = sent[1] as string;
    } else if (isUnsigned) first ??= { isRemoval, operation, code: codes.error, text: unsigned };
    else if (reply && Number(reply[1]) >= codes.error) {
      // A name may hold the same signs: what the peer has said is behind the last of them.
      first ??= { isRemoval, operation, code: Number(reply[1]), text: (reply[2] as string).trim() };
    }
  }
  return first ?? { isRemoval, operation, code: 0, text: '' };
}

/** What a server sends that can't write the signature of a file into its directory: no error, and no reason. */
const unsigned = 'it cannot make temporary files there';

function detailOf(code: number, text: string): string {
  return code === codes.parentMissing ? 'its directory is missing on the peer' : display(fromKey(text));
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
