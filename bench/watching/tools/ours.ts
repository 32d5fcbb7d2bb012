import { createSelection } from '#src/csync2/cfg/native-selection.js';
import { Watcher } from '#src/watch/watcher.js';
import type { Loaded, Tool, Watching } from './tool.js';

/** The watcher of this repository. */
export const ours: Tool = {
  name: 'ours',
  title: 'inotify-csync',
  async load(): Promise<Loaded> {
    // Loads the addon.
    createSelection({ groups: [], prefixes: [] });
    return {
      async open(root, sink): Promise<Watching> {
        const selection = createSelection({
          groups: [{ patterns: [{ text: Buffer.from(root), include: true }] }],
          prefixes: [],
        });
        const watcher = Watcher.open({ selection });
        const forward = async () => {
          for await (const batch of watcher) {
            for (const entry of batch)
              if (entry.kind !== 'loss') sink(entry.path.toString(), entry.kind === 'tree');
          }
        };
        const forwarding = forward();
        await watcher.ready;
        return {
          pid: process.pid,
          overflows: () => watcher.stats().overflows,
          close: () => Promise.all([watcher.close(), forwarding]),
        };
      },
    };
  },
};
