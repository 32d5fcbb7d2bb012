/** The long form of the churn: `npm run churn -- --help`. */
import { mkdirSync, readFileSync } from 'node:fs';
import { Campaign } from './campaign.js';
import { makeEvidenceFolder } from './evidence.js';
import type { ChurnCluster } from './hosts.js';
import { LabCluster } from './lab-hosts.js';
import { NamespaceCluster } from './namespace-hosts.js';
import { type ChurnOptions, parseWords, usage } from './options.js';
import type { Plan } from './plan.js';
import { endPrograms } from './programs.js';
import { isWell } from './summary.js';

const startedAt = performance.now();
let cluster: ChurnCluster | undefined;
let failed = false;

for (const [signal, number] of [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.on(signal, () => void end().finally(() => process.exit(128 + number)));
}
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  let options: ChurnOptions;
  try {
    if (words.includes('--help')) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    options = parseWords(words);
  } catch (error) {
    process.stderr.write(`churn: ${(error as Error).message}\n${usage}\n`);
    return 64;
  }
  const directory = options.directory ?? makeEvidenceFolder();
  mkdirSync(directory, { recursive: true });
  try {
    const plan = options.replay ? planIn(options.replay) : undefined;
    cluster = await make(options, options.faults || (plan?.blows ?? []).length > 0);
    const campaign = new Campaign(cluster, options, directory, say);
    const summary = await campaign.run(plan ? Array<Plan>(options.seeds).fill(plan) : undefined);
    say(`found, the most frequent first:\n${campaign.report()}`);
    if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    failed = campaign.findings.length > 0;
    return isWell(summary) ? 0 : 1;
  } finally {
    if (options.keep && failed && cluster) say(await cluster.leave());
    else await end();
  }
}

/** With `isStruck` hosts get small file systems, the only ones that a blow fills. */
function make(
  { checker, nodes, logLevel, namespaces }: ChurnOptions,
  isStruck: boolean,
): Promise<ChurnCluster> {
  say(namespaces ? `making ${nodes} nodes` : `booting ${nodes} hosts`);
  if (namespaces) return NamespaceCluster.make(nodes, logLevel, checker);
  return LabCluster.boot(nodes, { checker, logLevel, smallDisks: isStruck });
}

function planIn(file: string): Plan {
  return JSON.parse(readFileSync(file, 'utf8')) as Plan;
}

async function end(): Promise<void> {
  endPrograms();
  const ending = cluster;
  cluster = undefined;
  await ending?.down();
}

function say(text: string): void {
  process.stderr.write(
    `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}\n`,
  );
}
