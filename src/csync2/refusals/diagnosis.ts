import { display, fromKey } from '../../text/path-bytes.js';
import type { Message } from '../run/message.js';
import type { Outcome } from '../run/result.js';
import { codes, type Meaning, meaningOf, outcomeOf, type Refused } from './refusals.js';

/** Why a peer rejected one file, read from csync2's messages. */
export interface Diagnosis {
  readonly outcome: Outcome;
  readonly meaning: Meaning;
  /** The peer's words, if they say more than the outcome. */
  readonly detail: string;
  /**
   * csync2 asked which side is younger (or bigger), and the sides are equal. Both lose, and the
   * file would stay different for ever.
   */
  readonly isTie: boolean;
  /** The peer has nothing under this name, and a directory above it. */
  readonly isAbsent?: true;
  /** The regular file or directory that the peer has under this name. */
  readonly there?: PeerEntry;
}

/** What a peer's csync2 tells of a regular file or a directory. */
export interface PeerEntry {
  /** Type and permissions, as in stat(2); undefined if the peer ignores them. */
  readonly mode: number | undefined;
  /** Size in bytes; undefined for a directory. */
  readonly size: bigint | undefined;
}

/** The values that `auto` compares on this side, in whole seconds or bytes. */
export interface Compared {
  readonly seconds: bigint;
  readonly size: bigint;
}

/**
 * Reads the messages of a push at `-vvv`, the only level at which csync2 says why a file was
 * rejected. These messages must not be kept or shown, because they hold the group's key.
 */
export class Refusals {
  readonly #files = new Map<string, Attempt>();
  #current: Attempt = newAttempt(false);
  #operation = '';
  #key: string | undefined;
  /**
   * csync2's server has read the content of a file as commands, so its later answers belong to no
   * question.
   */
  #isAstray = false;
  #isStuck = false;

  /**
   * Whether both sides wait for each other, for ever. If a file replaces a directory that is not
   * empty on the peer, the peer's server sends a signature of -1 bytes and waits for the changes,
   * while csync2 waits for an answer (`csync_rs_sig`, `csync_rs_delta`).
   */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Takes the next message. */
  readonly add = ({ kind, text }: Pick<Message, 'kind' | 'text'>): void => {
    if (this.#isAstray) return;
    if (kind === 'bare') this.#readWire(text);
    else if (kind === 'said') this.#readSaid(text);
  };

  #readSaid(text: string): void {
    const attempt = /^(Updating|Deleting) (.*) on \S+ \.\.\.$/s.exec(text);
    const reply = /^response from peer\(.*\): \S+ \[(\d+)\] <- (.*)$/s.exec(text);
    if (attempt) {
      this.#current = newAttempt(attempt[1] === 'Deleting');
      this.#files.set(attempt[2] as string, this.#current);
      // A name may hold the same signs. The peer's answer comes after the last of them.
    } else if (reply) this.#receive(Number(reply[1]), (reply[2] as string).trim());
  }

  /**
   * Reads a message about network traffic, which csync2 shows without its time of day, and escaped.
   */
  #readWire(text: string): void {
    const sent = /^Local> ([A-Z]+)(?: (\S+))?/.exec(text);
    if (sent) this.#send(sent[1] as string, sent[2]);
    else this.#readData(text);
  }

  /** Why a file was rejected, by its name, one character a byte; undefined if unknown. */
  of(name: string, own: Compared): Diagnosis | undefined {
    const attempt = this.#files.get(name);
    return attempt?.refused && diagnosisOf(attempt, own);
  }

  /**
   * The target of a link on the peer, by the link's name, one character a byte, as csync2 escapes
   * it; undefined if unknown.
   */
  linkTarget(name: string): string | undefined {
    return this.#files.get(name)?.target;
  }

  /** Why the last file was rejected, or why the session failed before any file. */
  last(own: Compared): Diagnosis {
    return diagnosisOf(this.#current, own);
  }

  #send(operation: string, key: string | undefined): void {
    // csync2 shows a file's content in the same way, piece by piece. Only a line with the key is a
    // command of ours.
    if (operation === 'SIG' || operation === 'FLUSH') this.#key ??= key;
    if (this.#key !== undefined && key !== this.#key) return;
    this.#operation = operation;
    this.#current.isTaking = false;
    if (operation === 'GETTM' || operation === 'GETSZ') this.#current.asked = operation;
  }

  #receive(code: number, text: string): void {
    const attempt = this.#current;
    if (code < codes.error) {
      attempt.isTaking = text.startsWith('OK (send_data)');
      attempt.isAbsent ||= text.startsWith('OK (path_not_found)');
      return;
    }
    // The first refusal counts. A second one answers a question that should not have been asked.
    attempt.refused ??= { isRemoval: attempt.isRemoval, operation: this.#operation, code, text };
    this.#isAstray = attempt.isTaking;
  }

  #readData(text: string): void {
    const { isRemoval, asked } = this.#current;
    const data = /^Peer> (?:octet-stream (-\d+)|(-?\d{1,20}))\\n$/.exec(text);
    if (data?.[1]) {
      const operation = this.#operation;
      this.#isStuck ||= operation === 'PATCH';
      const text = operation === 'PATCH' ? occupied : unsigned;
      this.#current.refused ??= { isRemoval, operation, code: codes.error, text };
    } else if (this.#operation === 'SIG' && note.test(text)) {
      this.#current.target ??= target.exec(text)?.[1];
      this.#current.there ??= entryOf(text);
    } else if (data?.[2] && asked) this.#current.answer ??= BigInt(data[2]);
  }
}

interface Attempt {
  readonly isRemoval: boolean;
  refused: Refused | undefined;
  /** The content is being sent. */
  isTaking: boolean;
  /** The question of `auto` to the peer, and the answer. */
  asked: 'GETTM' | 'GETSZ' | undefined;
  answer: bigint | undefined;
  /** The link's target on the peer. */
  target: string | undefined;
  there: PeerEntry | undefined;
  isAbsent: boolean;
}

function newAttempt(isRemoval: boolean): Attempt {
  return {
    isRemoval,
    refused: undefined,
    isTaking: false,
    asked: undefined,
    answer: undefined,
    target: undefined,
    there: undefined,
    isAbsent: false,
  };
}

function entryOf(text: string): PeerEntry | undefined {
  const found = entry.exec(text);
  if (!found) return undefined;
  const mode = /(?:^|:)mode=(\d{1,7}):/.exec(found[1] ?? '')?.[1];
  const size = found.groups?.size;
  return {
    mode: mode === undefined ? undefined : Number(mode),
    size: size === undefined ? undefined : BigInt(size),
  };
}

function diagnosisOf(
  { isRemoval, refused = nothing, asked, answer, isAbsent, there }: Attempt,
  own: Compared,
): Diagnosis {
  const outcome = outcomeOf(refused);
  const isTie = answer !== undefined && answer === (asked === 'GETTM' ? own.seconds : own.size);
  return {
    outcome,
    meaning: meaningOf({ ...refused, isRemoval }),
    detail: outcome === 'refused' ? detailOf(refused) : '',
    isTie: outcome === 'conflict' && isTie,
    ...(isAbsent ? { isAbsent } : {}),
    ...(there ? { there } : {}),
  };
}

/** csync2's note of a file (`csync_genchecktxt`), if it is short enough to be shown whole. */
const note = /^Peer> v\d+:.*\\n$/;
const target = /^Peer> v\d+:.*:type=lnk:target=(.*)\\n$/;
/** A link's target, which may look like the end of this, comes after its type. */
const entry =
  /^Peer> v\d+:((?:(?!type=)[a-z]+=[^:]*:)*)type=(?:dir|reg:size=(?<size>\d{1,20}))\\n$/;

const nothing: Refused = { isRemoval: false, operation: '', code: codes.none, text: '' };

/**
 * The reason for a server that can't write the signature of a file into its directory. The server
 * itself sends neither an error nor a reason.
 */
const unsigned = 'it cannot make temporary files there';
/**
 * The peer's own words when a link, a pipe or a directory must replace a directory that is not
 * empty. For a file it sends none.
 */
const occupied = 'Directory not empty';

function detailOf({ code, text }: Refused): string {
  return code === codes.parentMissing
    ? 'its directory is missing on the peer'
    : display(fromKey(text));
}
