import type { Outcome } from '../run/result.js';

/**
 * A refused request to a peer, by the commands of csync2's protocol (csync2 update.c, daemon.c).
 */
export interface Refused {
  /** Whether the file is gone here and must be removed there. */
  readonly isRemoval: boolean;
  /** `SIG`, `PATCH`, `DEL`, …; `CONFIG` or `HELLO` if the session has not got further. */
  readonly operation: string;
  /** csync2 `conn_response`. */
  readonly code: number;
  /** csync2's own words, or strerror(3) of the peer. */
  readonly text: string;
}

/** The meaning of a refusal for the pending row. */
export type Meaning =
  /** The peer already has the right version, or knows a later change. The row is settled. */
  | 'settled'
  /** The peer accepted the content, but not owner, mode and time. */
  | 'half-taken'
  /**
   * The peer gave no reason, for example because the file vanished here while it was sent, or
   * because the session failed.
   */
  | 'unanswered'
  /**
   * A directory above the file is missing or has another type on the peer. The directory must be
   * sent first.
   */
  | 'parent-first'
  /**
   * The peer has a file in the way that this host doesn't know. The notes of both sides must be
   * compared.
   */
  | 'compare'
  /**
   * The peer may accept the same file later. Its disk is full, its directory is immutable, or a
   * place is not mounted there.
   */
  | 'later'
  /** Both sides have changed the file. A person has to decide. */
  | 'conflict'
  /** The peer rejects everything from this host. */
  | 'all';

/**
 * Decides what a refusal means. Refusals that csync2 itself settles (a missing parent directory,
 * `auto`) do not get here.
 */
export function meaningOf(refused: Refused): Meaning {
  return rules.find((rule) => fits(rule, refused))?.meaning ?? 'later';
}

/** The outcome that is shown for a refusal. */
export function outcomeOf({ code }: Refused): Outcome {
  switch (code) {
    case codes.alsoDirty:
      return 'conflict';
    case codes.identification:
      return 'unidentified';
    case codes.permission:
    case codes.permissionForSlave:
      return 'denied';
    default:
      return 'refused';
  }
}

/** The codes of csync2's `conn_response`. Codes below 8 are no refusals. */
export const codes = {
  /** There was no answer. */
  none: 0,
  error: 8,
  closed: 9,
  alsoDirty: 10,
  parentMissing: 11,
  groupList: 12,
  identification: 13,
  permissionForSlave: 14,
  permission: 15,
  sslExpected: 16,
} as const;

interface Rule {
  /** Whether the rule is for removals or updates; for both if not given. */
  readonly isRemoval?: boolean;
  readonly operations?: readonly string[];
  readonly codes?: readonly number[];
  readonly text?: RegExp;
  readonly meaning: Meaning;
}

const making = ['PATCH', 'MKDIR', 'MKLINK', 'MKFIFO', 'MKCHR', 'MKBLK', 'MKSOCK'];
const dressing = ['SETOWN', 'SETMOD', 'SETIME'];
/** A directory above the file is missing, or is now a file or a broken link. */
const absent = /^(No such file or directory|Not a directory|Too many levels of symbolic links)$/;

/** The first rule that matches counts. */
const rules: readonly Rule[] = [
  { codes: [codes.none], meaning: 'unanswered' },
  { codes: [codes.identification, codes.sslExpected, codes.groupList], meaning: 'all' },
  { codes: [codes.permission, codes.permissionForSlave], meaning: 'all' },
  // The peer had accepted the content. Then a process there has written or removed the file, which
  // is the later change and is sent from there. Or another session there has met the file in the
  // middle and marked it, and it must be sent again.
  { operations: dressing, codes: [codes.alsoDirty], meaning: 'half-taken' },
  { operations: dressing, text: absent, meaning: 'settled' },
  { codes: [codes.alsoDirty], meaning: 'conflict' },
  // A directory above the file is now a file.
  { isRemoval: true, operations: ['SIG', 'FLUSH', 'DEL'], text: absent, meaning: 'settled' },
  { isRemoval: true, operations: ['DEL'], text: /^Directory not empty$/, meaning: 'compare' },
  { isRemoval: false, codes: [codes.parentMissing], meaning: 'parent-first' },
  { isRemoval: false, operations: ['SIG', 'FLUSH'], text: absent, meaning: 'parent-first' },
  { isRemoval: false, operations: making, text: absent, meaning: 'parent-first' },
  // csync2 removes what is in the way, except for a directory that is not empty.
  {
    isRemoval: false,
    operations: making,
    text: /^(Is a directory|Directory not empty|File exists)$/,
    meaning: 'compare',
  },
];

function fits(rule: Rule, { isRemoval, operation, code, text }: Refused): boolean {
  return (
    (rule.isRemoval === undefined || rule.isRemoval === isRemoval) &&
    (rule.operations?.includes(operation) ?? true) &&
    (rule.codes?.includes(code) ?? true) &&
    (rule.text?.test(text) ?? true)
  );
}
