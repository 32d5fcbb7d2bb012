import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianEnvironment } from './debian.js';
import { LineProgram } from './lines.js';
import type { Tool } from './tool.js';

/** lsyncd with an action that only prints. It doesn't say when its watches stand: see `open`. */
export const lsyncd: Tool = {
  name: 'lsyncd',
  title: 'lsyncd',
  source: { apt: 'lsyncd' },
  load: async ({ installed, scratch }) => ({
    async open(root, sink) {
      const configuration = join(scratch, 'lsyncd.lua');
      writeFileSync(configuration, configurationFor(root));
      let isReady = false;
      const onLine = (line: string) => {
        if (!line.startsWith('at ')) return;
        isReady = true;
        sink(line.slice(3).replace(/\/+/g, '/').replace(/\/$/, ''));
      };
      const program = new LineProgram(
        join(installed, 'usr/bin/lsyncd'),
        [configuration],
        debianEnvironment(installed),
        onLine,
      );
      const ended = program.said('nothing that it ever says').catch((error: Error) => error);
      // It reads events when its walk is over, those of the root among them, which it watches
      // first.
      const sign = join(root, 'sign-for-lsyncd');
      for (let number = 0; !isReady; number += 1) {
        writeFileSync(sign, String(number));
        const failure = await Promise.race([ended, sleep(20)]);
        if (failure instanceof Error) throw failure;
      }
      unlinkSync(sign);
      return { pid: program.pid, close: () => program.end() };
    },
  }),
};

function configurationFor(root: string): string {
  return `
io.stdout:setvbuf("line")
settings { nodaemon = true, insist = true }
local report = {
  delay = 0, maxProcesses = 1, init = false,
  action = function(inlet)
    local event = inlet.getEvent()
    print("at " .. event.sourcePath)
    inlet.discardEvent(event)
  end
}
sync { report, source = "${root}" }
`;
}
