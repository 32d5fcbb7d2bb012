import { watch } from 'node:fs';
import { join } from 'node:path';
import type { Tool } from './tool.js';

/** What Node itself has: fs.watch with `recursive`. It takes a watch for every file, too. */
export const fsWatch: Tool = {
  name: 'fs_watch',
  title: `fs.watch of Node ${process.versions.node}`,
  load: async () => ({
    async open(root, sink) {
      let errors = 0;
      let failure: Error | undefined;
      const watcher = watch(root, { recursive: true }, (_, name) => {
        if (name !== null) sink(join(root, name));
      });
      watcher.on('error', (error) => {
        errors += 1;
        failure ??= error;
      });
      // It walks in one go; what went wrong is told in the next turns of the event loop.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      if (failure) throw failure;
      return { pid: process.pid, overflows: () => errors, close: () => watcher.close() };
    },
  }),
};
