import { spawnSync } from 'node:child_process';
import { LineProgram } from './lines.js';
import type { Tool } from './tool.js';

/** inotify-tools' inotifywait, as scripts use it. */
export const inotifywait: Tool = {
  name: 'inotifywait',
  title: 'inotifywait -m -r',
  async load() {
    // Its exit code is 1.
    spawnSync('inotifywait', ['--help'], { stdio: 'ignore' });
    return {
      async open(root, sink) {
        const events = 'close_write,attrib,create,delete,move';
        const args = ['--monitor', '--recursive', '--format', '%w%f', '--event', events, root];
        const program = new LineProgram('inotifywait', args, process.env, (line) => sink(line));
        await program.said('Watches established');
        return { pid: program.pid, close: () => program.end() };
      },
    };
  },
};
