// A process of its own for one tool: loads it, lets it watch, collects what it reports. Started by
// tool-handle.ts:
//   node tool-process.js TOOL INSTALLED SCRATCH
import type { Report, Request } from './protocol.js';
import { tools } from './tools/all.js';
import type { Loaded, Watching } from './tools/tool.js';

const [name = '', installed = '', scratch = ''] = process.argv.slice(2);
const seen = new Set<string>();
const below = new Set<string>();
let loaded: Loaded | undefined;
let watching: Watching | undefined;

process.on('message', (request: Request) => {
  handle(request).then(send, (error: unknown) =>
    send({ kind: 'failed', text: error instanceof Error ? error.message : String(error) }),
  );
});
// The benchmark has gone.
process.on('disconnect', () => process.exit());

async function handle(request: Request): Promise<Report> {
  switch (request.command) {
    case 'load':
      loaded = await tools.get(name)?.load({ installed, scratch });
      return { kind: 'done' };
    case 'open': {
      const begun = performance.now();
      watching = await loaded?.open(request.root, (path, isBelow) =>
        (isBelow ? below : seen).add(path),
      );
      const seconds = (performance.now() - begun) / 1000;
      return { kind: 'opened', seconds, pid: watching?.pid ?? process.pid };
    }
    case 'block':
      process.send?.({ kind: 'blocking' } satisfies Report);
      // Its callback may run on this thread only: nothing that the tool has to say is heard
      // meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 50));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, request.milliseconds);
      return { kind: 'done' };
    case 'count':
      return { kind: 'counted', count: seen.size + below.size };
    case 'take': {
      const report: Report = {
        kind: 'taken',
        seen: [...seen],
        below: [...below],
        overflows: watching?.overflows?.(),
      };
      seen.clear();
      below.clear();
      return report;
    }
    case 'close':
      await watching?.close();
      return { kind: 'done' };
  }
}

function send(report: Report): void {
  process.send?.(report);
}
