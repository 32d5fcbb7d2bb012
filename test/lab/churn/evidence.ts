/** Keeps what is known of a seed that failed, in a folder for people. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChurnCluster } from './hosts.js';
import type { Outcome } from './outcome.js';
import type { Plan } from './plan.js';
import { scriptOf } from './show.js';

/**
 * Makes a folder for evidence. It stays where `scripts/test` removes a test's own directory for
 * temporary files.
 */
export function makeEvidenceFolder(): string {
  return mkdtempSync(join(process.env.INOTIFY_CSYNC_TEST_KEEP ?? tmpdir(), 'ics-churn-kept-'));
}

/** Saves plan, faults, statuses and logs below `directory`; gives the folder. */
export async function keepEvidence(
  directory: string,
  name: string,
  { hosts }: ChurnCluster,
  plan: Plan,
  outcome: Outcome,
): Promise<string> {
  const folder = join(directory, name);
  mkdirSync(folder, { recursive: true });
  const write = (file: string, text: string, encoding: 'utf8' | 'latin1' = 'utf8') =>
    writeFileSync(join(folder, file), text, encoding);
  write('plan.json', JSON.stringify(plan));
  write('script.txt', scriptOf(plan));
  write(
    'faults.txt',
    outcome.faults.map(({ kind, sort, text }) => `${kind} (${sort}): ${text}\n`).join(''),
  );
  write('leftovers.txt', outcome.leftovers.map((line) => `${line}\n`).join(''));
  for (const [file, text] of Object.entries(outcome.records)) write(file, text);
  for (const host of hosts) {
    const logs = await host
      .logs(outcome.start - 1000)
      .catch((error) => ({ journal: String(error) }));
    for (const [kind, text] of Object.entries(logs))
      write(`${kind}-${host.name}.log`, text, 'latin1');
  }
  return folder;
}
