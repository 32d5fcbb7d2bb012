import { connect } from 'node:net';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import {
  type ControlReply,
  type ControlRequest,
  RequestTooLongError,
  requestBytesLimit,
} from './control-protocol.js';

/**
 * Asks a running daemon.
 *
 * @param seconds - how long its answer may take; 0 for no limit
 *
 * Throws a {@link NotRunningError} when no process listens, a {@link DeniedError} when this user
 * may not ask, a {@link NoAnswerError} when the listener does not answer, and an InotifyCsyncError,
 * with its exit code, when the daemon answers with an error.
 */
export async function askDaemon(
  socketPath: string,
  request: ControlRequest,
  seconds = replySeconds,
): Promise<unknown> {
  const line = Buffer.from(`${JSON.stringify(request)}\n`);
  if (line.length > requestBytesLimit + 1) throw new RequestTooLongError();
  const reply = parseReply(socketPath, await exchange(socketPath, line, seconds));
  if (reply.ok) return reply.result;
  const { code, exitCode, message, hint } = reply.error;
  throw new InotifyCsyncError(code, exitCode, message, hint);
}

/** No daemon listens on a socket. */
export class NotRunningError extends InotifyCsyncError {
  constructor(socketPath: string, options?: ErrorOptions) {
    super(
      'ICS_NOT_RUNNING',
      exitCodes.notRunning,
      `inotify-csync is not running (${socketPath})`,
      'start it: systemctl start inotify-csync',
      options,
    );
  }
}

/** This user may not open a socket. */
export class DeniedError extends InotifyCsyncError {
  constructor(socketPath: string, hint = 'run this as root', options?: ErrorOptions) {
    super(
      'ICS_CONTROL_DENIED',
      exitCodes.noPermission,
      `${socketPath} may not be opened by this user`,
      hint,
      options,
    );
  }
}

/** A process listens on the control socket and doesn't answer. */
export class NoAnswerError extends InotifyCsyncError {
  constructor(socketPath: string, why: string, options?: ErrorOptions) {
    super(
      'ICS_NO_ANSWER',
      exitCodes.temporary,
      `inotify-csync does not answer on ${socketPath}: ${why}`,
      'try again; if the problem persists, see: journalctl -u inotify-csync',
      options,
    );
  }
}

function exchange(socketPath: string, request: Buffer, seconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const fail = (why: string, cause?: Error) =>
      reject(new NoAnswerError(socketPath, why, { cause }));
    const socket = connect(socketPath, () => socket.write(request));
    socket.setEncoding('utf8');
    socket.setTimeout(seconds * 1000, () => {
      socket.destroy();
      fail(`nothing came in ${seconds} seconds`);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') reject(new DeniedError(socketPath, undefined, { cause: error }));
      else if (notListening.has(error.code ?? ''))
        reject(new NotRunningError(socketPath, { cause: error }));
      else fail(error.message, error);
    });
    socket.on('data', (chunk: string) => {
      const end = chunk.indexOf('\n');
      reply += end < 0 ? chunk : chunk.slice(0, end);
      if (end < 0) return;
      socket.end();
      resolve(reply);
    });
    socket.on('close', () => fail('it closed the connection'));
  });
}

function parseReply(socketPath: string, line: string): ControlReply {
  try {
    return JSON.parse(line) as ControlReply;
  } catch (cause) {
    throw new NoAnswerError(socketPath, 'what came is not JSON', { cause });
  }
}

const replySeconds = 10;
/** The errors of connect(2) when no process listens. */
const notListening = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);
