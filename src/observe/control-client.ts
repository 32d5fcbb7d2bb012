import { connect } from 'node:net';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import type { ControlReply, ControlRequest } from './control-protocol.js';

/**
 * Asks a running daemon.
 *
 * Throws a {@link NotRunningError} when nobody listens, an InotifyCsyncError for what the daemon answers with an error.
 */
export async function askDaemon(socketPath: string, request: ControlRequest): Promise<unknown> {
  const line = await exchange(socketPath, `${JSON.stringify(request)}\n`);
  const reply = JSON.parse(line) as ControlReply;
  if (reply.ok) return reply.result;
  throw new InotifyCsyncError(reply.error.code, exitCodes.software, reply.error.message, reply.error.hint);
}

/** There is no daemon behind the control socket. */
export class NotRunningError extends InotifyCsyncError {
  constructor(socketPath: string, cause: NodeJS.ErrnoException) {
    const denied = cause.code === 'EACCES';
    super(
      denied ? 'ICS_CONTROL_DENIED' : 'ICS_NOT_RUNNING',
      denied ? exitCodes.noPermission : exitCodes.notRunning,
      denied
        ? `${socketPath} may not be opened by this user`
        : `inotify-csync is not running (${socketPath})`,
      denied ? 'run this as root' : 'start it: systemctl start inotify-csync',
      { cause },
    );
  }
}

function exchange(socketPath: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect(socketPath, () => socket.write(request));
    socket.setEncoding('utf8');
    socket.setTimeout(replyMilliseconds, () => {
      socket.destroy();
      reject(new NotRunningError(socketPath, Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    });
    socket.on('error', (error) => reject(new NotRunningError(socketPath, error)));
    socket.on('data', (chunk: string) => {
      reply += chunk;
      const end = reply.indexOf('\n');
      if (end < 0) return;
      socket.end();
      resolve(reply.slice(0, end));
    });
    socket.on('close', () =>
      reject(new NotRunningError(socketPath, Object.assign(new Error('closed'), { code: 'ECONNRESET' }))),
    );
  });
}

const replyMilliseconds = 10_000;
