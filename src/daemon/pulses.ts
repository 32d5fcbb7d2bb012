import { type Pulse, pulseOf } from '../systemd/watchdog.js';
import type { Succession } from './succession.js';

/**
 * A part that the watchdog supervises. The event loop is another one, because without it nothing is
 * supervised.
 */
export type PartName = 'reader' | 'tree' | 'queue' | 'scheduler';

/** The name of each part, for the log. */
export const partText: Readonly<Record<PartName, string>> = {
  reader: "the thread that reads inotify's events",
  tree: 'the thread that follows the tree of directories',
  queue: 'the writer of the queue',
  scheduler: 'the scheduler',
};

/**
 * Returns a pulse for each part of the current generation. An idle part is not stuck. A part counts
 * as stuck only if something waits for it. A long csync2 run, a peer that is down and a walk don't
 * count either.
 */
export function pulsesOf(succession: Succession): readonly Pulse[] {
  const part = (name: PartName, look: Parameters<typeof pulseOf>[1]) =>
    pulseOf(partText[name], look);
  return [
    part('reader', () => succession.current.watcher.pulses().reader),
    part('tree', () => succession.current.watcher.pulses().tree),
    part('queue', () => succession.current.writing()),
    part('scheduler', () => succession.current.sync.scheduler.movement()),
  ];
}
