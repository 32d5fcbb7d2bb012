import { fsWatch } from './fs-watch.js';
import { inotifywait } from './inotifywait.js';
import { lsyncd } from './lsyncd.js';
import { nodeInotify } from './node-inotify.js';
import { nothing } from './nothing.js';
import { nsfw } from './nsfw.js';
import { ours } from './ours.js';
import { parcelWatcher } from './parcel-watcher.js';
import type { Tool } from './tool.js';
import { watchman } from './watchman.js';

/** What is compared with. */
export const peers: readonly Tool[] = [
  inotifywait,
  parcelWatcher,
  nodeInotify,
  nsfw,
  watchman,
  lsyncd,
  fsWatch,
];

/** Everything that can be measured, by its key. */
export const tools: ReadonlyMap<string, Tool> = new Map(
  [ours, nothing, ...peers].map((tool) => [tool.name, tool]),
);
