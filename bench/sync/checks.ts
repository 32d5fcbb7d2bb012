import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '#src/observe/status.js';
import type { Findings } from '../findings.js';
import { type Cluster, makeCluster } from '../hosts/cluster.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { DaemonSide } from '../sides/daemon-side.js';
import { percentile, rounded } from '../statistics.js';
import { Changes } from './changes.js';
import { arrived, type Samples, samplesTable, singleChanges } from './single-changes.js';

/**
 * Single changes until every peer has them, in turns at rest and while all hosts check the whole
 * tree again and again.
 */
export async function checks(options: BenchOptions): Promise<Findings> {
  const cluster = await makeCluster(options);
  const changes = new Changes(cluster, options.seed);
  const daemons = new DaemonSide(cluster, options.logLevel);
  await daemons.start();
  const measure = (count: number) => singleChanges(changes, cluster.peers, count);
  await measure(1);
  const atRest: (number | undefined)[] = [];
  const meanwhile: (number | undefined)[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const count = Math.ceil((options.changes - atRest.length) / (options.rounds - round));
    atRest.push(...(await measure(count)));
    const checking = new Checking(cluster, daemons);
    meanwhile.push(...(await measure(count)));
    progress(`${await checking.end()} full checks were begun meanwhile`);
    await daemons.quiet();
  }
  await daemons.stop();
  return report(atRest, meanwhile);
}

/** Has every host begin a full check as soon as it has ended one. */
class Checking {
  readonly #running: Promise<void>;
  #isOver = false;
  #begun = 0;

  constructor(cluster: Cluster, daemons: DaemonSide) {
    this.#running = this.#run(cluster, daemons);
  }

  /** Begins no more. Resolves to how many there were, on all hosts together. */
  async end(): Promise<number> {
    this.#isOver = true;
    await this.#running;
    return this.#begun;
  }

  async #run({ hosts }: Cluster, daemons: DaemonSide): Promise<void> {
    while (!this.#isOver) {
      for (const host of hosts) {
        const status = (await daemons.ask(host, { command: 'status' })) as Status | undefined;
        if (!status || status.full_check_due !== null) continue;
        await daemons.ask(host, { command: 'check' });
        this.#begun += 1;
      }
      await sleep(50);
    }
  }
}

function report(atRest: Samples, meanwhile: Samples): Findings {
  const [rest, during] = [arrived(atRest), arrived(meanwhile)];
  return {
    table: samplesTable('milliseconds', { 'at rest': atRest, 'during full checks': meanwhile }),
    json: {
      rest_p50_ms: rounded(percentile(rest, 50)),
      rest_p99_ms: rounded(percentile(rest, 99)),
      checks_p50_ms: rounded(percentile(during, 50)),
      checks_p99_ms: rounded(percentile(during, 99)),
      lost: atRest.length + meanwhile.length - rest.length - during.length,
    },
  };
}
