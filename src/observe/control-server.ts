import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import {
  type ControlReply,
  type ControlRequest,
  parseRequest,
  requestBytesLimit,
} from './control-protocol.js';

/** Answers a request; what it throws becomes an error reply. */
export type ControlHandler = (request: ControlRequest) => unknown;

/**
 * The control socket: only its owner can open it (0600 in a directory that is 0700), lines are bounded, connections
 * are few and end when they are idle.
 */
export class ControlServer {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Listens. Throws a {@link ControlSocketError}. */
  static async listen(path: string, handler: ControlHandler): Promise<ControlServer> {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      removeStale(path);
      const server = createServer((socket) => serve(socket, handler));
      server.maxConnections = connectionsLimit;
      const before = process.umask(0o177);
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(path, resolve);
        });
      } finally {
        process.umask(before);
      }
      chmodSync(path, 0o600);
      return new ControlServer(server, path);
    } catch (error) {
      throw new ControlSocketError(path, error as Error);
    }
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
    removeStale(this.#path);
  }
}

/** The control socket can't be made. */
export class ControlSocketError extends InotifyCsyncError {
  constructor(path: string, cause: Error) {
    super(
      'ICS_CONTROL_SOCKET',
      exitCodes.cannotCreate,
      `cannot listen on ${path}: ${cause.message}`,
      'set runtime_directory to a directory that this user can write and nobody else',
      { cause },
    );
  }
}

function serve(socket: Socket, handler: ControlHandler): void {
  let pending = '';
  socket.setEncoding('utf8');
  socket.setTimeout(idleMilliseconds, () => socket.destroy());
  // The other side may go at any moment; there is nobody left to tell.
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    pending += chunk;
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) socket.write(`${JSON.stringify(answer(line, handler))}\n`);
    if (pending.length > requestBytesLimit) socket.destroy();
  });
}

function answer(line: string, handler: ControlHandler): ControlReply {
  try {
    return { ok: true, result: handler(parseRequest(line)) };
  } catch (error) {
    const { code, message, hint } =
      error instanceof InotifyCsyncError
        ? error
        : { code: 'ICS_BUG', message: String(error), hint: 'this is a bug: please report it' };
    return { ok: false, error: { code, message, hint } };
  }
}

/** Whoever holds the queue's lock is the only daemon: a socket that is there is left over. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}

const connectionsLimit = 16;
const idleMilliseconds = 10_000;
