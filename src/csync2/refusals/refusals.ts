import type { Outcome } from '../run/result.js';

/**
 * What this host asked of a peer when it was refused: the commands of csync2's protocol (csync2
 * update.c, daemon.c).
 */
export interface Refused {
  /** Whether the file is gone here, so that it is to go there, too. */
  readonly isRemoval: boolean;
  /** `SIG`, `PATCH`, `DEL`, …; of a session that is not as far, `CONFIG` or `HELLO`. */
  readonly operation: string;
  /** csync2 `conn_response`. */
  readonly code: number;
  /** csync2's own words, or strerror(3) of the peer. */
  readonly text: string;
}

/** What a refusal means for the pending row. */
export type Meaning =
  /** The peer is as it should be already, or knows a later change: the row is settled. */
  | 'settled'
  /** The content was taken, and owner, mode and time were not. */
  | 'half-taken'
  /**
   * The peer has not said why: the file has vanished here while it was sent, say, or the session
   * has come to nothing.
   */
  | 'unanswered'
  /** A directory above the file is missing or another thing on the peer: that has to go first. */
  | 'parent-first'
  /**
   * The peer has something in the way that nobody here knows of: what both have is to be compared.
   */
  | 'compare'
  /**
   * It may be taken later as it is: a full disk, a directory that is immutable, a place that is not
   * mounted.
   */
  | 'later'
  /** Both sides have changed it: somebody has to decide. */
  | 'conflict'
  /** The peer takes nothing from this host. */
  | 'all';

/**
 * Decides what a refusal means. What csync2 itself settles (a parent directory that is missing,
 * `auto`) does not get here.
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

/** csync2 `conn_response`; what is below 8 is no refusal. */
export const codes = {
  /** Nothing was answered. */
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
  /** Of a removal, of an update, or of both if not given. */
  readonly isRemoval?: boolean;
  readonly operations?: readonly string[];
  readonly codes?: readonly number[];
  readonly text?: RegExp;
  readonly meaning: Meaning;
}

const making = ['PATCH', 'MKDIR', 'MKLINK', 'MKFIFO', 'MKCHR', 'MKBLK', 'MKSOCK'];
const dressing = ['SETOWN', 'SETMOD', 'SETIME'];
/** A directory above it is missing, or is a file or a link that leads nowhere by now. */
const absent = /^(No such file or directory|Not a directory|Too many levels of symbolic links)$/;

/** The first that fits counts. */
const rules: readonly Rule[] = [
  { codes: [codes.none], meaning: 'unanswered' },
  { codes: [codes.identification, codes.sslExpected, codes.groupList], meaning: 'all' },
  { codes: [codes.permission, codes.permissionForSlave], meaning: 'all' },
  // The content had been taken. Then somebody has written to it there, or removed it: that is the
  // later change, and comes from there. Or another session there has met it in the middle, and
  // marked it: then it is to be sent once more.
  { operations: dressing, codes: [codes.alsoDirty], meaning: 'half-taken' },
  { operations: dressing, text: absent, meaning: 'settled' },
  { codes: [codes.alsoDirty], meaning: 'conflict' },
  // What was above it is a file by now.
  { isRemoval: true, operations: ['SIG', 'FLUSH', 'DEL'], text: absent, meaning: 'settled' },
  { isRemoval: true, operations: ['DEL'], text: /^Directory not empty$/, meaning: 'compare' },
  { isRemoval: false, codes: [codes.parentMissing], meaning: 'parent-first' },
  { isRemoval: false, operations: ['SIG', 'FLUSH'], text: absent, meaning: 'parent-first' },
  { isRemoval: false, operations: making, text: absent, meaning: 'parent-first' },
  // csync2 removes what is in the way, but for a directory with something in it.
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
