import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianEnvironment } from './debian.js';
import { untilWeEnd } from './lines.js';
import type { Sink, Tool } from './tool.js';

/** watchman: ready when it has answered a query, which waits for its first crawl. */
export const watchman: Tool = {
  name: 'watchman',
  title: 'watchman',
  source: { apt: 'watchman' },
  async load({ installed, scratch }) {
    // It refuses to keep its socket where others could put one.
    chmodSync(scratch, 0o700);
    const socket = join(scratch, 'socket');
    const log = join(scratch, 'log');
    const server = spawn(
      'setpriv',
      [
        ...[...untilWeEnd, join(installed, 'usr/bin/watchman')],
        ...['--foreground', '--no-save-state', '--sockname', socket, '--logfile', log],
        ...['--statefile', join(scratch, 'state'), '--pidfile', join(scratch, 'pid')],
      ],
      {
        stdio: 'ignore',
        env: { ...debianEnvironment(installed), HOME: scratch, TMPDIR: scratch, USER: 'root' },
      },
    );
    while (!existsSync(socket)) {
      if (server.exitCode !== null)
        throw new Error(
          existsSync(log) ? readFileSync(log, 'utf8').trim() : `exit code ${server.exitCode}`,
        );
      await sleep(20);
    }
    return {
      async open(root, sink) {
        const client = new WatchmanClient(connect(socket), root, sink);
        await client.ask(['watch', root]);
        const { clock } = await client.ask([
          'query',
          root,
          { expression: ['name', 'no such'], fields: ['name'] },
        ]);
        await client.ask(['subscribe', root, 'bench', { fields: ['name'], since: clock }]);
        return {
          pid: server.pid as number,
          overflows: () => client.fresh,
          close: () => end(server, client),
        };
      },
    };
  },
};

async function end(server: ChildProcess, client: WatchmanClient): Promise<void> {
  client.close();
  const ended = once(server, 'exit');
  server.kill();
  await ended;
}

interface Answer {
  readonly error?: string;
  readonly clock?: string;
  readonly subscription?: string;
  readonly is_fresh_instance?: boolean;
  readonly files?: readonly string[];
}

/** JSON lines over its socket: answers in the order of asking, and reports in between. */
class WatchmanClient {
  /** How often it has had to start over. */
  fresh = 0;
  readonly #socket: Socket;
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(socket: Socket, root: string, sink: Sink) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      if (answer.subscription === undefined) this.#waiting.shift()?.(answer);
      else {
        if (answer.is_fresh_instance) this.fresh += 1;
        for (const name of answer.files ?? []) sink(join(root, name));
      }
    });
  }

  async ask(command: readonly unknown[]): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => this.#waiting.push(resolve));
    this.#socket.write(`${JSON.stringify(command)}\n`);
    const answer = await answered;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  close(): void {
    this.#socket.destroy();
  }
}
