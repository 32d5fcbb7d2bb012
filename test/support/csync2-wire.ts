import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Where a client connects to, and as whom. */
export interface WireOptions {
  readonly host: string;
  readonly port: number;
  /** Address to come from. */
  readonly localAddress?: string;
}

/**
 * A client that speaks csync2's protocol by hand, word by word, as far as a test wants: to stop in
 * the middle, to say nothing, or to say what csync2 itself would not.
 */
export class WireClient {
  readonly socket: Socket;
  #received = '';
  #more: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#more?.();
    });
    socket.on('close', () => this.#more?.());
  }

  /** Connects; the connection ends with the test at the latest. */
  static async connect(context: TestContext, options: WireOptions): Promise<WireClient> {
    const socket = connect(options);
    context.after(() => socket.destroy());
    const client = new WireClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Sends a command and gives the line that the server answers. */
  async say(command: string): Promise<string> {
    this.socket.write(`${command}\n`, 'latin1');
    return await this.line();
  }

  /** The next line that the server says. */
  async line(): Promise<string> {
    while (!this.#received.includes('\n')) await this.#wait();
    const end = this.#received.indexOf('\n');
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 1);
    return line;
  }

  /** Says who it is. */
  async greet(name: string): Promise<void> {
    await this.say('CONFIG');
    await this.say(`HELLO ${name}`);
  }

  /**
   * Has the server take a file's content, and gives its answer. Owner, mode and time are not set.
   */
  async patch(key: string, name: string, content: string): Promise<string> {
    await this.beginPatch(key, name);
    const delta = literalDelta(content);
    this.socket.write(Buffer.concat([Buffer.from(`octet-stream ${delta.length}\n`), delta]));
    return await this.line();
  }

  /** Asks to send a file's content, takes the signature, and sends nothing yet. */
  async beginPatch(key: string, name: string): Promise<void> {
    const answer = await this.say(`PATCH ${key} ${name}`);
    if (!answer.startsWith('OK')) throw new Error(`PATCH ${name}: ${answer}`);
    const length = Number((await this.line()).split(' ')[1]);
    while (this.#received.length < length) await this.#wait();
    this.#received = this.#received.slice(length);
  }

  #wait(): Promise<void> {
    if (this.socket.destroyed) throw new Error('the server has closed the connection');
    return new Promise((resolve) => {
      this.#more = () => {
        this.#more = undefined;
        resolve();
      };
    });
  }
}

/** A delta of librsync that holds the whole content. */
function literalDelta(content: string): Buffer {
  const bytes = Buffer.from(content, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  const literal = bytes.length === 0 ? [] : [Buffer.of(0x43), length, bytes];
  return Buffer.concat([Buffer.from('72730236', 'hex'), ...literal, Buffer.of(0)]);
}
