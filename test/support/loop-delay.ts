// Loaded into a daemon before all else (node --import): writes down how long its event loop stands
// still, and its memory.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const file = process.env.LOOP_DELAY_FILE;
if (file !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: 10 });
  histogram.enable();
  let rss = 0;
  setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
    // Whoever reads it must not find half of it.
    writeFileSync(
      `${file}.new`,
      JSON.stringify({ longest: histogram.max / 1e6, megabytes: rss / 1e6 }),
    );
    renameSync(`${file}.new`, file);
  }, 200).unref();
}
