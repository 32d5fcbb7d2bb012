import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Tool } from './tool.js';

interface NsfwEvent {
  readonly directory: string;
  readonly file?: string;
  readonly oldFile?: string;
  readonly newDirectory?: string;
  readonly newFile?: string;
}

type Nsfw = (
  root: string,
  onEvents: (events: readonly NsfwEvent[]) => void,
  options: { readonly debounceMS: number; readonly errorCallback: (errors: unknown) => void },
) => Promise<{ start(): Promise<void>; stop(): Promise<void> }>;

/** nsfw. */
export const nsfw: Tool = {
  name: 'nsfw',
  title: 'nsfw',
  source: { npm: 'nsfw@2.3.1' },
  async load({ installed }) {
    const nsfw = createRequire(join(installed, 'package.json'))('nsfw') as Nsfw;
    return {
      async open(root, sink) {
        let errors = 0;
        const onEvents = (events: readonly NsfwEvent[]) => {
          for (const { directory, file, oldFile, newDirectory, newFile } of events) {
            sink(join(directory, file ?? oldFile ?? ''));
            if (newFile !== undefined) sink(join(newDirectory ?? directory, newFile));
          }
        };
        const errorCallback = () => {
          errors += 1;
        };
        const watcher = await nsfw(root, onEvents, { debounceMS: 100, errorCallback });
        await watcher.start();
        return { pid: process.pid, overflows: () => errors, close: () => watcher.stop() };
      },
    };
  },
};
