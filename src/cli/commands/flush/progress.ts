/** What `flush --wait` shows at a terminal while it waits. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../../../observe/status.js';
import { paceText } from '../../../observe/status-line.js';
import { cut } from '../../../text/cells.js';
import { counted } from '../../../text/counted.js';
import { harmless } from '../../../text/harmless.js';

/** How the progress is shown. */
export interface FlushProgressParts {
  /** A terminal. */
  readonly output: {
    readonly columns?: number | undefined;
    write(text: string): unknown;
  };
  /** The peer that is waited for; undefined: all. */
  readonly peer: string | undefined;
  /** Asks the daemon. While it does not answer, the line stays as it was. */
  readonly status: () => Promise<Status>;
}

/**
 * Shows in one line, once a second, what is pending, from the first second on. Resolves when
 * `over` is aborted, and leaves nothing of it.
 */
export async function showFlushProgress(
  { output, peer, status }: FlushProgressParts,
  over: AbortSignal,
): Promise<void> {
  let isShown = false;
  const isOver = () => over.aborted;
  while (!isOver()) {
    await sleep(everyMilliseconds, undefined, { signal: over }).catch(() => undefined);
    if (isOver()) break;
    const now = await status().catch(() => undefined);
    if (now === undefined || isOver()) continue;
    output.write(`\r${cut(harmless(flushLine(now, peer)), (output.columns || 80) - 1)}\x1b[K`);
    isShown = true;
  }
  if (isShown) output.write('\r\x1b[K');
}

/**
 * `web2: 1,240 files pending, 85/s, about 15 s left`: what a flush most likely waits for. What a
 * narrow terminal may cut off comes last. Pure.
 */
export function flushLine({ peers, queue }: Status, peer: string | undefined): string {
  const asked = peers.filter(({ name }) => peer === undefined || name === peer);
  const parts = [
    ...asked.flatMap((each) =>
      each.pending
        ? [`${each.name}: ${counted(each.pending, 'file')} pending${paceText(each)}`]
        : [],
    ),
    ...(queue.depth > 0 ? [`${counted(queue.depth, 'change')} to check`] : []),
  ];
  return parts.join('; ') || 'confirming that nothing is pending';
}

const everyMilliseconds = 1000;
