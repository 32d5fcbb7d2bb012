import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** The answers to a client's requests. Each is a line without its newline. */
export interface Answers {
  /** May take any time. `gone` is aborted when the client has gone. */
  answer(request: string, gone: AbortSignal): Promise<string>;
  /** The most bytes of a request, without its newline. */
  readonly longestRequest: number;
  /** The answer to a longer request, after which the connection ends. */
  tooLong(): string;
}

/**
 * Answers the requests of one client, one after the other. Reads the next request only when the
 * client has taken the last answer, so that a client can make us keep only one request and one
 * answer. Cuts off a client that takes too long for either. Resolves when the connection is over,
 * however it ends.
 */
export async function serveClient(socket: Socket, answers: Answers): Promise<void> {
  // Not the socket's own timeout, because any byte resets that.
  let deadline = setTimeout(() => socket.destroy(), deadlineMilliseconds);
  const gone = new AbortController();
  socket.on('error', ignore);
  socket.once('close', () => gone.abort());
  try {
    for await (const request of requestsOf(socket, answers.longestRequest)) {
      if (request === undefined) {
        await sendLast(socket, answers.tooLong());
        return;
      }
      clearTimeout(deadline);
      const answer = await answers.answer(request, gone.signal);
      deadline = setTimeout(() => socket.destroy(), deadlineMilliseconds);
      await send(socket, answer);
      deadline.refresh();
      // Thousands of requests can come in one piece. The daemon's other work goes between them.
      await nextTurn();
    }
  } catch {
    // The client may go at any moment. Then no client is left to tell.
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

/**
 * Sends a client one last line, and resolves when the connection is over. Reads and drops bytes
 * that the client sends meanwhile, because a client that can't send gives up before it has read.
 */
export async function sendLast(socket: Socket, line: string): Promise<void> {
  const deadline = setTimeout(() => socket.destroy(), farewellMilliseconds);
  socket.on('error', ignore);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.resume();
    socket.end(`${line}\n`);
  });
  clearTimeout(deadline);
}

/** Resolves when the kernel has taken the whole line, or the connection is over. */
function send(socket: Socket, line: string): Promise<void> {
  return new Promise((resolve) => socket.write(`${line}\n`, () => resolve()));
}

/** The lines that a client sends. Ends with undefined after a line that is too long. */
async function* requestsOf(socket: Socket, limit: number): AsyncGenerator<string | undefined> {
  const begun = new GrowingBuffer();
  // Kept open at a return, because a last answer may follow.
  const chunks: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      begun.append(chunk.subarray(start, end));
      if (begun.length > limit) break;
      yield begun.take();
      start = end + 1;
    }
    begun.append(chunk.subarray(start));
    if (begun.length > limit) {
      yield undefined;
      return;
    }
  }
}

/**
 * Collects bytes that come in pieces of any size. Copies them, because a piece of one byte may hold
 * a whole buffer.
 */
class GrowingBuffer {
  #room = Buffer.alloc(0);
  length = 0;

  append(bytes: Buffer): void {
    const needed = this.length + bytes.length;
    if (needed > this.#room.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#room.length));
      this.#room.copy(larger, 0, 0, this.length);
      this.#room = larger;
    }
    bytes.copy(this.#room, this.length);
    this.length = needed;
  }

  /** Returns all bytes as text, and starts again. */
  take(): string {
    const text = this.#room.toString('utf8', 0, this.length);
    this.#room = Buffer.alloc(0);
    this.length = 0;
    return text;
  }
}

function ignore(): void {}

const newline = 0x0a;
/** Milliseconds for receiving a request after the last answer, and for sending its answer. */
const deadlineMilliseconds = 10_000;
/** Milliseconds for a client to take the last answer. */
const farewellMilliseconds = 1000;
