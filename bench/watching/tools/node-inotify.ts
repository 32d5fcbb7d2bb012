import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Tool } from './tool.js';

interface InotifyModule {
  readonly Inotify: {
    new (): {
      addWatch(watch: {
        readonly path: string;
        readonly watch_for: number;
        readonly callback: (event: {
          readonly mask: number;
          readonly name?: string;
          readonly watch: number;
        }) => void;
      }): number;
      close(): void;
    };
    readonly [constant: string]: number;
  };
}

/**
 * The `inotify` package (node-inotify). It watches one directory a call: the walk is its user's.
 */
export const nodeInotify: Tool = {
  name: 'node_inotify',
  title: 'node-inotify',
  source: { npm: 'inotify@1.4.6' },
  async load({ installed }) {
    const { Inotify } = createRequire(join(installed, 'package.json'))('inotify') as InotifyModule;
    const bits = [
      'IN_CLOSE_WRITE',
      'IN_ATTRIB',
      'IN_CREATE',
      'IN_DELETE',
      'IN_MOVED_FROM',
      'IN_MOVED_TO',
      'IN_ONLYDIR',
    ];
    const mask = bits.reduce((sum, bit) => sum | (Inotify[bit] ?? 0), 0);
    return {
      async open(root, sink) {
        const inotify = new Inotify();
        const addTree = (directory: string): void => {
          inotify.addWatch({
            path: directory,
            watch_for: mask,
            callback: ({ mask: seen, name }) => {
              if (name === undefined) return;
              const path = join(directory, name);
              sink(path);
              const isNew = seen & ((Inotify.IN_CREATE ?? 0) | (Inotify.IN_MOVED_TO ?? 0));
              if (isNew && seen & (Inotify.IN_ISDIR ?? 0)) addTree(path);
            },
          });
          for (const entry of readdirSync(directory, { withFileTypes: true }))
            if (entry.isDirectory()) addTree(join(directory, entry.name));
        };
        addTree(root);
        return { pid: process.pid, close: () => inotify.close() };
      },
    };
  },
};
