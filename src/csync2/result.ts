/**
 * What a csync2 run came to, read from its exit code and its text. csync2 knows only 0 and 1 (2 for empty
 * listings), so the reason is in the text, and 0 is no proof that anything was sent.
 */
export type Outcome =
  | 'done'
  | 'unreachable'
  | 'hung-up'
  | 'refused'
  | 'denied'
  | 'unidentified'
  | 'certificate'
  | 'conflict'
  | 'locked'
  | 'vanished'
  | 'unreadable'
  | 'config'
  | 'crashed'
  | 'stalled'
  | 'maintenance'
  | 'not-found'
  | 'failed';

/** One sentence for each outcome, for logs and status. */
export const outcomeText: Readonly<Record<Outcome, string>> = {
  done: 'done',
  unreachable: 'the peer cannot be reached',
  'hung-up':
    'the peer was reached but ended the session: its csync2.cfg, its database or the certificates do not fit; the log of its csync2 server says which',
  refused: 'the peer did not take it',
  denied:
    'the peer does not accept it from this host: what holds it is not mounted there, or its csync2.cfg or its key differs',
  unidentified:
    'the peer does not recognise this host: its name must resolve there to the address we come from',
  certificate: 'the peer showed another certificate than the one remembered',
  conflict: 'a file has changed on both sides',
  locked: "csync2's database is locked by another process",
  vanished: 'a file vanished while csync2 looked at it',
  unreadable: 'it cannot be looked at on this host, so that nobody knows whether it is there',
  config: 'csync2 rejects its configuration',
  crashed: 'csync2 crashed',
  stalled: 'no progress: the peer does not answer',
  maintenance: 'csync2.lock exists: csync2 is switched off for maintenance',
  'not-found': 'csync2 cannot be started',
  failed: 'csync2 reported errors',
};

/** How a process ended, and the last of what it said. */
export interface Ending {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly text: string;
  /** Whether we ended it because it made no progress. */
  readonly stalled: boolean;
}

const tellTales: readonly (readonly [RegExp, Outcome])[] = [
  [/^Found .*csync2\.lock$/m, 'maintenance'],
  [/^Database backend is exceedingly busy|^Database Error: .*database is locked/m, 'locked'],
  // PostgreSQL, when a session of the server takes note of the same file at the same moment.
  [/^Database Error: .*duplicate key value/m, 'locked'],
  [/^This should not happen: Can't stat/m, 'vanished'],
  [/^This host \(.*\) is not a member|^Can not open config file|^Near line \d+|^Config error/m, 'config'],
  [/^Peer did provide a wrong SSL X509|^SSL: .*failed/m, 'certificate'],
  // Asked for the group first of all; a TLS server that refuses our certificate says so only there.
  [/^Config command failed/m, 'hung-up'],
  [/^ERROR: Connection to remote host|^Cannot resolve peername|^Can't create socket/m, 'unreachable'],
  // The first of these comes without a newline of its own, in the middle of a line.
  [
    /auto resolving\.\.\. response = \d+|^Do not auto-resolve conflict|^ERROR: Auto-resolving failed/m,
    'conflict',
  ],
  [/^File stays in dirty state/m, 'refused'],
];

/** Classifies an ending; csync2's messages are those of 2.0, at `-v`. */
export function readOutcome(ending: Ending): Outcome {
  if (ending.stalled) return 'stalled';
  if (ending.exitCode === 126 || ending.exitCode === 127) return 'not-found';
  if (ending.signal === 'SIGSEGV' || ending.signal === 'SIGABRT' || ending.exitCode === 139) return 'crashed';
  if (ending.exitCode === 0) return 'done';
  for (const [pattern, outcome] of tellTales) if (pattern.test(ending.text)) return outcome;
  // A peer's process that dies takes ours with it: csync2 does not ignore SIGPIPE.
  if (ending.signal === 'SIGPIPE' || ending.exitCode === 141) return 'unreachable';
  return 'failed';
}
