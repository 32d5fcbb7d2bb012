import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Tool } from './tool.js';

interface ParcelWatcher {
  subscribe(
    root: string,
    onEvents: (
      error: Error | null,
      events: readonly { readonly path: string }[] | undefined,
    ) => void,
    options: { readonly backend: 'inotify' },
  ): Promise<{ unsubscribe(): Promise<void> }>;
}

/** @parcel/watcher. */
export const parcelWatcher: Tool = {
  name: 'parcel_watcher',
  title: '@parcel/watcher',
  source: { npm: '@parcel/watcher@2.6.0' },
  async load({ installed }) {
    const watcher = createRequire(join(installed, 'package.json'))(
      '@parcel/watcher',
    ) as ParcelWatcher;
    return {
      async open(root, sink) {
        let errors = 0;
        const onEvents: Parameters<ParcelWatcher['subscribe']>[1] = (error, events) => {
          if (error) errors += 1;
          for (const event of events ?? []) sink(event.path);
        };
        const subscription = await watcher.subscribe(root, onEvents, { backend: 'inotify' });
        return {
          pid: process.pid,
          overflows: () => errors,
          close: () => subscription.unsubscribe(),
        };
      },
    };
  },
};
