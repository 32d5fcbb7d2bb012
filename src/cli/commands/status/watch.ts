import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, InotifyCsyncError } from '../../../errors.js';
import type { Status } from '../../../observe/status.js';
import { errorObject } from '../../report-error.js';
import type { Style } from '../../style.js';
import { frameOf } from './frame.js';
import { renderStatus } from './render.js';
import { Screen } from './screen.js';

/** How the status is watched. */
export interface Watching {
  /** Between two looks. */
  readonly seconds: number;
  /** Print a line of JSON for each look, also on a terminal. */
  readonly isJson: boolean;
  readonly style: Style;
  /** Rejects as `askDaemon` does. */
  readonly ask: () => Promise<Status>;
}

/**
 * Shows the status again and again, on a terminal on its alternate screen, elsewhere as one text
 * after the other. Resolves when the user, a signal or the reader ends it. If the daemon does not
 * answer, shows that and asks again.
 *
 * Rejects as `ask` does the first time, unless that failure may be over in a moment. Also rejects
 * with every bug.
 */
export async function watchStatus(watching: Watching): Promise<void> {
  const { stdout } = process;
  const isScreen = stdout.isTTY === true && !watching.isJson && process.env.TERM !== 'dumb';
  const over = new AbortController();
  const end = () => over.abort();
  for (const signal of endingSignals) process.on(signal, end);
  try {
    const first = await look(watching, true, over.signal);
    await (isScreen ? onScreen : asText)(watching, first, over);
  } finally {
    for (const signal of endingSignals) process.off(signal, end);
  }
}

/** The result of a look; undefined if it was aborted. */
type Look = { readonly status: Status } | { readonly error: InotifyCsyncError } | undefined;

async function onScreen(watching: Watching, first: Look, over: AbortController): Promise<void> {
  const { stdin, stdout } = process;
  const keys = stdin.isTTY ? stdin : undefined;
  const note = `every ${watching.seconds} s${keys ? '; q: quit' : ''}`;
  let shown = first;
  const draw = () => {
    const text = shown ? textOf(shown, watching.style, screen.size.columns) : '';
    screen.show(frameOf(text, screen.size, new Date(), note));
  };
  const screen = new Screen(stdout, keys, () => over.abort(), draw);
  try {
    if (first) screen.open();
    for await (const seen of looks(watching, first, over.signal)) {
      shown = seen;
      draw();
    }
  } finally {
    screen.close();
  }
}

async function asText(watching: Watching, first: Look, { signal }: AbortController): Promise<void> {
  let separator = '';
  for await (const seen of looks(watching, first, signal)) {
    const text = watching.isJson ? jsonOf(seen) : `${separator}${textOf(seen, watching.style)}`;
    if (!(await write(text, signal))) return;
    separator = '\n';
  }
}

/** The first look and those that follow, until the end. */
async function* looks(
  watching: Watching,
  first: Look,
  signal: AbortSignal,
): AsyncGenerator<NonNullable<Look>> {
  for (let seen = first; seen && !signal.aborted; seen = await look(watching, false, signal)) {
    yield seen;
    await sleep(watching.seconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}

async function look({ ask }: Watching, isFirst: boolean, signal: AbortSignal): Promise<Look> {
  if (signal.aborted) return undefined;
  try {
    return await untilAborted(
      ask().then((status) => ({ status })),
      signal,
    );
  } catch (error) {
    // While a service restarts, its sockets may be missing, or not be open to a group yet.
    const isPassing =
      error instanceof InotifyCsyncError && (!isFirst || passing.has(error.exitCode));
    if (!isPassing) throw error;
    return { error };
  }
}

function textOf(seen: NonNullable<Look>, style: Style, columns?: number): string {
  if ('status' in seen) return renderStatus(seen.status, style, columns);
  const { hint, message } = seen.error;
  return `inotify-csync: ${style.bad(message)}\n  ${hint}\n`;
}

function jsonOf(seen: NonNullable<Look>): string {
  const object = 'status' in seen ? seen.status : { error: errorObject(seen.error) };
  return `${JSON.stringify(object)}\n`;
}

/** Writes a text. Resolves to false when the reader has gone or the watch must end. */
async function write(text: string, signal: AbortSignal): Promise<boolean> {
  const written = new Promise<boolean>((resolve) => {
    process.stdout.write(text, (error) => resolve(!error));
  });
  return (await untilAborted(written, signal)) ?? false;
}

/** Resolves to the promise's value, or to undefined when the watch must end first. */
function untilAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(undefined);
    signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}

/** SIGINT only where Ctrl-C is no key; SIGHUP when the terminal is gone. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const passing: ReadonlySet<number> = new Set([exitCodes.notRunning, exitCodes.temporary]);
