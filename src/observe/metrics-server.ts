import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ListenAddress } from '../config/listen-address.js';
import { exitCodes, InotifyCsyncError } from '../errors.js';
import { listenOnSocket } from './listen-on-socket.js';
import { failedResponse, metricsResponse } from './metrics-response.js';

/**
 * Serves the metrics by plain HTTP. Any user of this host may connect to a port, so a client's use
 * of the daemon is limited. There are a few connections, and a further one displaces the oldest.
 * Each has one small request and a few seconds for it.
 */
export class MetricsServer {
  readonly #server: Server;
  readonly #clients: Clients;

  private constructor(server: Server, clients: Clients) {
    this.#server = server;
    this.#clients = clients;
  }

  /**
   * Listens. Throws a {@link MetricsListenError}.
   *
   * @param body - makes the metrics; may throw, and should be cheap even if called often
   * @param group - the group that may open a unix socket besides its owner
   * @param onTrouble - called for errors of `body`, and for connections that can't be accepted
   *   later
   */
  static async listen(
    address: ListenAddress,
    body: () => Buffer,
    group: number | undefined,
    onTrouble: (error: Error) => void = () => {},
  ): Promise<MetricsServer> {
    try {
      const clients = new Clients(body, onTrouble);
      const server = createServer({ allowHalfOpen: true }, (socket) => clients.accept(socket));
      await listenAt(server, address, group);
      server.on('error', onTrouble);
      return new MetricsServer(server, clients);
    } catch (error) {
      throw new MetricsListenError(address, error as Error);
    }
  }

  /** Cuts off all connected clients. Node removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#clients.cutOff();
    await closed;
  }
}

/** The metrics can't be served at an address. */
export class MetricsListenError extends InotifyCsyncError {
  constructor(address: ListenAddress, cause: Error) {
    super(
      'ICS_METRICS_LISTEN',
      exitCodes.cannotCreate,
      `cannot serve metrics at ${addressText(address)}: ${cause.message}`,
      'free the address or set another one with metrics_listen, then restart the service',
      { cause },
    );
  }
}

/** An address in the form of the settings. */
export function addressText(address: ListenAddress): string {
  if (address.kind === 'socket') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

class Clients {
  readonly #body: () => Buffer;
  readonly #onTrouble: (error: Error) => void;
  /** The connections, oldest first. */
  readonly #places = new Set<Socket>();

  constructor(body: () => Buffer, onTrouble: (error: Error) => void) {
    this.#body = body;
    this.#onTrouble = onTrouble;
  }

  accept(socket: Socket): void {
    const [oldest] = this.#places;
    if (oldest && this.#places.size >= placesLimit) this.#remove(oldest);
    this.#places.add(socket);
    const deadline = setTimeout(() => socket.destroy(), deadlineMilliseconds);
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(deadline);
      this.#places.delete(socket);
    });
    this.#serve(socket);
  }

  cutOff(): void {
    for (const socket of this.#places) socket.destroy();
  }

  /** Removes a connection at once, because many new ones may come before its end is reported. */
  #remove(socket: Socket): void {
    socket.destroy();
    this.#places.delete(socket);
  }

  #serve(socket: Socket): void {
    let head: Buffer | undefined = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      // Bytes after the request are read and dropped, so that the client can read the answer.
      if (!head) return;
      head = Buffer.concat([head, chunk]);
      const answer = this.#answer(head);
      if (!answer) return;
      head = undefined;
      socket.end(answer);
    });
    socket.once('end', () => {
      if (head) socket.destroy();
    });
  }

  #answer(head: Buffer): Buffer | undefined {
    try {
      return metricsResponse(head, this.#body);
    } catch (error) {
      this.#onTrouble(error as Error);
      return failedResponse();
    }
  }
}

async function listenAt(
  server: Server,
  address: ListenAddress,
  group: number | undefined,
): Promise<void> {
  if (address.kind === 'socket') {
    await clearPlace(address.path);
    await listenOnSocket(server, address.path, group);
    return;
  }
  const { host, port } = address;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Removes an unused socket. Throws if a program listens on it or others can write beside it. */
async function clearPlace(path: string): Promise<void> {
  const { mode, uid } = statSync(dirname(path));
  if ((uid !== 0 && uid !== process.geteuid?.()) || mode & 0o022) {
    throw new Error(`others can write to ${dirname(path)}`);
  }
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  if (await isListenedOn(path)) throw new Error('another program listens there');
  unlinkSync(path);
}

function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

/** Connections at the same time. */
const placesLimit = 16;
/** Milliseconds for receiving a request and sending its answer. */
const deadlineMilliseconds = 10_000;
