import { exitCodes, InotifyCsyncError } from '#src/errors.js';
import { endEverything, endOnSignals, isSignalled } from './endings.js';
import { BenchUsageError } from './errors.js';
import type { Findings } from './findings.js';
import { type BenchOptions, parseWords, usage } from './options.js';
import { save } from './saved/save.js';

type Benchmark = (options: BenchOptions) => Promise<Findings>;

const benchmarks: ReadonlyMap<string, () => Promise<Benchmark>> = new Map([
  ['latency', async () => (await import('./sync/latency.js')).latency],
  ['trace', async () => (await import('./sync/trace.js')).trace],
  ['bulk', async () => (await import('./sync/bulk.js')).bulk],
  ['checks', async () => (await import('./sync/checks.js')).checks],
  ['peers', async () => (await import('./sync/peers.js')).peers],
  ['refused', async () => (await import('./sync/refused.js')).refused],
  ['watch', async () => (await import('./watching/watch.js')).watch],
  ['restart', async () => (await import('./restart/restart.js')).restart],
  ['events', async () => (await import('./watching/events.js')).events],
]);

endOnSignals();
process.exit(await main(process.argv.slice(2)));

/** Runs one benchmark. Returns the exit code: 0 when it measured, whatever it found. */
async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('help')) {
    process.stdout.write(`${usage}\n`);
    return exitCodes.ok;
  }
  try {
    const { name, options } = parseWords(words);
    if (name === 'report') {
      const { report } = await import('./report/report.js');
      process.stdout.write(report(options));
      return exitCodes.ok;
    }
    const load = benchmarks.get(name);
    if (!load) throw new BenchUsageError(`there is no benchmark ${name}`, usage);
    const findings = await (await load())(options);
    process.stdout.write(`${findings.table}\n`);
    if (options.save) process.stderr.write(`kept in ${save(name, words, options, findings)}\n`);
    if (options.json) process.stdout.write(`${JSON.stringify(findings.json)}\n`);
    return exitCodes.ok;
  } catch (error) {
    // The signal's handler exits.
    if (isSignalled()) await new Promise(() => {});
    if (!(error instanceof InotifyCsyncError)) throw error;
    process.stderr.write(`bench: ${error.message}\n${error.hint}\n`);
    return error.exitCode;
  } finally {
    await endEverything();
  }
}
