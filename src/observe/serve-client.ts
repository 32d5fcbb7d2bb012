import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What a client gets for its requests, each as a line without its newline. */
export interface Answers {
  /** May take as long as it likes; aborted when the client goes. */
  answer(request: string, gone: AbortSignal): Promise<string>;
  /** Bytes of a request at most, without its newline. */
  readonly longestRequest: number;
  /** For a request longer than that, the last thing a client is told. */
  tooLong(): string;
}

/**
 * Answers the requests of one client, one after the other: the next is read when the last answer
 * has been taken, so that one request and one answer are all that a client can make us keep. A
 * client that takes too long for either is cut off. Resolves when the connection is over, however
 * it ends.
 */
export async function serveClient(socket: Socket, answers: Answers): Promise<void> {
  // Not the socket's own timeout: any byte sets that back.
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
      // Thousands of requests can come in one piece: the daemon's work goes between them.
      await nextTurn();
    }
  } catch {
    // The client may go at any moment, and there is nobody left to tell.
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

/**
 * Tells a client one thing and no more, and resolves when the connection is over: what it may be
 * sending meanwhile is read and thrown away, because a client that can't send gives up before it
 * has read.
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

/** Resolves when the kernel has taken all of it, or the connection is over. */
function send(socket: Socket, line: string): Promise<void> {
  return new Promise((resolve) => socket.write(`${line}\n`, () => resolve()));
}

/** The lines that a client sends; undefined, and no more, for one that is too long. */
async function* requestsOf(socket: Socket, limit: number): AsyncGenerator<string | undefined> {
  const begun = new GrowingBuffer();
  // Left open at a return: there may be something to say yet.
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
 * Bytes that come in pieces of any size: copied, because a piece of one byte may hold a whole
 * buffer.
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

  /** All of it as text, and starts over. */
  take(): string {
    const text = this.#room.toString('utf8', 0, this.length);
    this.#room = Buffer.alloc(0);
    this.length = 0;
    return text;
  }
}

function ignore(): void {}

const newline = 0x0a;
/** Milliseconds for a request to come, from the last answer on, and for its answer to be taken. */
const deadlineMilliseconds = 10_000;
/** Milliseconds for a client to take the last thing that it is told. */
const farewellMilliseconds = 1000;
