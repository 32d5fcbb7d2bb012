import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import {
  type ControlReply,
  type ControlRequest,
  parseRequest,
  RequestTooLongError,
  requestBytesLimit,
} from './control-protocol.js';
import { listenOnSocket } from './listen-on-socket.js';
import { sendLast, serveClient } from './serve-client.js';

/**
 * Answers a request, at once or later. An error that it throws becomes an error reply. `gone` is
 * aborted when the client has gone.
 */
export type ControlHandler = (request: ControlRequest, gone: AbortSignal) => unknown;

/** Who may open a socket besides its owner, and how long a request may be. */
export interface SocketAccess {
  /** The number of a group; undefined if only the owner may open the socket. */
  readonly group: number | undefined;
  /** The most bytes of a request, without its newline. */
  readonly longestRequest: number;
}

/**
 * The control socket, or the read socket. Only its owner can open it, or also a group. The
 * connections of each socket are limited, and so is the memory that a connection can make the
 * daemon use.
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
   * @param onTrouble - called later for connections that can't be accepted
   */
  static async listen(
    path: string,
    handler: ControlHandler,
    onTrouble: (error: Error) => void = () => {},
    { group, longestRequest }: SocketAccess = ownerOnly,
  ): Promise<ControlServer> {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      removeStale(path);
      const clients = new Clients(handler, longestRequest);
      // A client that has sent all its requests may shut down its side and still read the answers.
      const server = createServer({ allowHalfOpen: true }, (socket) => void clients.accept(socket));
      server.maxConnections = placesLimit + refusalsLimit;
      await listenOnSocket(server, path, group);
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

/** All places for clients are taken. */
class BusyError extends InotifyCsyncError {
  constructor() {
    super(
      'ICS_BUSY',
      exitCodes.temporary,
      `${placesLimit} clients are connected already`,
      'try again in some seconds',
    );
  }
}

class Clients {
  readonly #handler: ControlHandler;
  readonly #longestRequest: number;
  readonly #served = new Set<Socket>();

  constructor(handler: ControlHandler, longestRequest: number) {
    this.#handler = handler;
    this.#longestRequest = longestRequest;
  }

  /** Serves a client until it goes, or tells it that all places are taken. */
  async accept(socket: Socket): Promise<void> {
    if (this.#served.size >= placesLimit) {
      await sendLast(socket, JSON.stringify(refusal(new BusyError())));
      return;
    }
    this.#served.add(socket);
    await serveClient(socket, {
      answer: async (request, gone) => JSON.stringify(await answer(request, gone, this.#handler)),
      longestRequest: this.#longestRequest,
      tooLong: () => JSON.stringify(refusal(new RequestTooLongError(this.#longestRequest))),
    });
    this.#served.delete(socket);
  }

  cutOff(): void {
    for (const socket of this.#served) socket.destroy();
  }
}

async function answer(
  line: string,
  gone: AbortSignal,
  handler: ControlHandler,
): Promise<ControlReply> {
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

/**
 * Removes an old socket. It is unused, because the holder of the queue's lock is the only daemon.
 */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}

const ownerOnly: SocketAccess = { group: undefined, longestRequest: requestBytesLimit };
/** Clients that are served at the same time. */
const placesLimit = 16;
/**
 * Clients that are being told that all places are taken. Further ones are closed without an answer.
 */
const refusalsLimit = 128;
