import { display, fromKey } from '../../text/path-bytes.js';

/**
 * The outcome of a csync2 run, read from its exit code and its text. csync2 knows only 0 and 1 (2
 * for empty listings), so the reason is in the text, and 0 is no proof that a file was sent.
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
  | 'shortage'
  | 'failed';

/** One sentence for each outcome, for logs and status. */
export const outcomeText: Readonly<Record<Outcome, string>> = {
  done: 'done',
  unreachable: 'the peer cannot be reached',
  'hung-up':
    'the peer was reached but ended the session: its csync2.cfg, database or certificates do not match; the log of its csync2 server says which',
  refused: 'the peer rejected it',
  denied:
    'the peer does not accept it from this host: check that csync2.cfg and the key match, and that its file system is mounted there',
  unidentified:
    'the peer does not recognise this host: on the peer, its name must resolve to the address it connects from',
  certificate: 'the peer showed a different certificate than before',
  conflict: 'a file has changed on both sides',
  locked: "csync2's database is locked by another process",
  vanished: 'a file vanished while csync2 checked it',
  unreadable: 'this host cannot access it, so it may or may not exist',
  config: 'csync2 rejects its configuration',
  crashed: 'csync2 crashed',
  stalled: 'no progress: the peer does not answer',
  maintenance: 'csync2.lock exists: csync2 is disabled for maintenance',
  'not-found': 'csync2 cannot be started',
  shortage: 'this host is out of file descriptors, memory or processes',
  failed: 'csync2 reported errors',
};

/** How a process ended, and its messages. */
export interface Ending {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The last of its messages, one character a byte; see `message.ts`. */
  readonly said: readonly string[];
  /** The first line of its standard output, if nothing else reads that. */
  readonly output?: string;
  /** Whether we ended it because it made no progress. */
  readonly stalled: boolean;
  /** The process could not be started because descriptors, memory or processes are short. */
  readonly isShort?: boolean;
}

/** The beginnings of messages, or whole messages, so that no name inside a message counts. */
const tellTales: readonly (readonly [RegExp, Outcome])[] = [
  [/^Database backend is exceedingly busy|^Database Error: .*database is locked/s, 'locked'],
  // PostgreSQL reports this when a session of the server notes the same file at the same moment.
  [/^Database Error: .*duplicate key value/s, 'locked'],
  [/^This should not happen: Can't stat/, 'vanished'],
  [
    /^This host \(.*\) is not a member|^Can not open config file|^Near line \d+|^Config error/s,
    'config',
  ],
  [/^Peer did provide a wrong SSL X509|^SSL: .*failed/s, 'certificate'],
  // csync2 asks about the group first. A TLS server that refuses our certificate shows that only
  // there.
  [/^Config command failed\.$/, 'hung-up'],
  [
    /^ERROR: Connection to remote host|^Cannot resolve peername|^Can't create socket/,
    'unreachable',
  ],
  [
    /^auto resolving\.\.\. response = \d+$|^Do not auto-resolve conflict|^ERROR: Auto-resolving failed/,
    'conflict',
  ],
  [/^File stays in dirty state/, 'refused'],
];

/** Classifies an ending. The messages are those of csync2 2.0 at `-v`. */
export function readOutcome(ending: Ending): Outcome {
  if (ending.isShort) return 'shortage';
  if (ending.stalled) return 'stalled';
  if (ending.exitCode === 126 || ending.exitCode === 127) return 'not-found';
  if (ending.signal === 'SIGSEGV' || ending.signal === 'SIGABRT' || ending.exitCode === 139)
    return 'crashed';
  if (ending.exitCode === 0) return 'done';
  // csync2 checks for the lock first, before any name can appear in its output.
  if (/^Found .*csync2\.lock$/.test(ending.output ?? '')) return 'maintenance';
  for (const [pattern, outcome] of tellTales) {
    if (ending.said.some((message) => pattern.test(message))) return outcome;
  }
  // If the peer's process dies, ours dies too, because csync2 does not ignore SIGPIPE.
  if (ending.signal === 'SIGPIPE' || ending.exitCode === 141) return 'unreachable';
  return 'failed';
}

/** The last messages that carry information, for people. */
export function lastWords(said: readonly string[], count = 4): string {
  return said
    .filter((message) => message.trim() !== '' && !sayingNothing.test(message))
    .slice(-count)
    .map((message) => display(fromKey(message)))
    .join(' | ');
}

/** The messages that csync2 prints at the end of every failed run. */
const sayingNothing =
  /^(Connection closed\.|Finished with \d+ errors\.|(Host|File) stays in dirty state\. Try again later\.\.\.|TIMESTAMP: .*|TOTALTIME: .*)$/;
