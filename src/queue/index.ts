export type { QueuePosition } from './cursor.js';
export type { DueFullCheck } from './due-full-check.js';
export type { QueueEntry } from './entry.js';
export {
  QueueDirectoryError,
  QueueDiskError,
  QueueError,
  QueueLockedError,
  QueuePermissionError,
  QueueTrouble,
  QueueUnsafeError,
} from './errors.js';
export type { QueueOptions, QueueRecovery, ReadBatch } from './options.js';
export { Queue } from './queue.js';
