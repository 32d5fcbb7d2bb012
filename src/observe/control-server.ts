import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import {
  type ControlReply,
  type ControlRequest,
  parseRequest,
  RequestTooLongError,
} from './control-protocol.js';
import { sendLast, serveClient } from './serve-client.js';

/** Answers a request, at once or later; what it throws becomes an error reply. `gone` is aborted when the client goes. */
export type ControlHandler = (request: ControlRequest, gone: AbortSignal) => unknown;

/**
 * The control socket: only its owner can open it (0600 in a directory that is 0700), connections are few, and what each
 * of them can make the daemon keep is bounded.
 */
export class ControlServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #clients: Clients;

  private constructor(server: Server, path: string, clients: Clients) {
    this.#server = server;
    this.#path = path;
    this.#clients = clients;
  }

  /**
   * Listens. Throws a {@link ControlSocketError}.
   *
   * @param onTrouble - told of connections that can't be accepted afterwards
   */
  static async listen(
    path: string,
    handler: ControlHandler,
    onTrouble: (error: Error) => void = () => {},
  ): Promise<ControlServer> {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      removeStale(path);
      const clients = new Clients(handler);
      // A client that has sent all its requests may shut its side down and still read the answers.
      const server = createServer({ allowHalfOpen: true }, (socket) => void clients.admit(socket));
      server.maxConnections = placesLimit + refusalsLimit;
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
      server.on('error', onTrouble);
      return new ControlServer(server, path, clients);
    } catch (error) {
      throw new ControlSocketError(path, error as Error);
    }
  }

  /** Cuts off all connected clients. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#clients.cutOff();
    await closed;
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

/** There are more clients than places. */
class BusyError extends InotifyCsyncError {
  constructor() {
    super(
      'ICS_BUSY',
      exitCodes.temporary,
      `${placesLimit} clients are connected to the control socket already`,
      'try again in some seconds',
    );
  }
}

class Clients {
  readonly #handler: ControlHandler;
  readonly #served = new Set<Socket>();

  constructor(handler: ControlHandler) {
    this.#handler = handler;
  }

  /** Serves a client until it goes, or tells it that there is no place. */
  async admit(socket: Socket): Promise<void> {
    if (this.#served.size >= placesLimit) {
      await sendLast(socket, JSON.stringify(refusal(new BusyError())));
      return;
    }
    this.#served.add(socket);
    await serveClient(socket, {
      answer: async (request, gone) => JSON.stringify(await answer(request, gone, this.#handler)),
      tooLong: () => JSON.stringify(refusal(new RequestTooLongError())),
    });
    this.#served.delete(socket);
  }

  cutOff(): void {
    for (const socket of this.#served) socket.destroy();
  }
}

async function answer(line: string, gone: AbortSignal, handler: ControlHandler): Promise<ControlReply> {
  try {
    return { ok: true, result: await handler(parseRequest(line), gone) };
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): ControlReply {
  if (error instanceof InotifyCsyncError) {
    const { code, exitCode, message, hint } = error;
    return { ok: false, error: { code, exitCode, message, hint } };
  }
  const bug = { code: 'ICS_BUG', exitCode: exitCodes.software, message: String(error) };
  return { ok: false, error: { ...bug, hint: 'this is a bug: please report it' } };
}

/** The holder of the queue's lock is the only daemon: an existing socket is left over. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}

/** Clients that are served at the same time. */
const placesLimit = 16;
/** Clients that are being told that there is no place; more are closed without a word. */
const refusalsLimit = 128;
