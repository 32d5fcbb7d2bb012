import { type Pulse, pulseOf } from '../systemd/watchdog.js';
import type { Succession } from './succession.js';

/**
 * A part that the watchdog supervises. The event loop is another: without it nothing supervises.
 */
export type PartName = 'reader' | 'tree' | 'queue' | 'scheduler';

/** What each part is, for the log. */
export const partText: Readonly<Record<PartName, string>> = {
  reader: "the thread that reads inotify's events",
  tree: 'the thread that follows the tree of directories',
  queue: 'the writer of the queue',
  scheduler: 'the scheduler',
};

/**
 * A pulse of each part of whichever generation is at work. Rest is no silence: a part is only
 * missed if something waits for it. Nor is a long csync2 run, a peer that is down, or a walk.
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
