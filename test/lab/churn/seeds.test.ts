/**
 * The churn of the whole product, in short: some seeds in folders of their own and some in one that
 * all share. Takes a minute or two on two cores, and not much longer also if all of them fail. The
 * long form: `npm run churn -- --help`.
 *
 * Runs alone: is judged by when all is done.
 *
 * SEED=first seed (1) CHURN_SEEDS=how many of each (4) CHURN_MINUTES=and no longer than so many,
 * each (1)
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { seed } from '../../csync2/cfg/random.js';
import { Campaign } from './campaign.js';
import { makeEvidenceFolder } from './evidence.js';
import { LabCluster } from './lab-hosts.js';
import { parseWords } from './options.js';
import { endPrograms } from './programs.js';
import { isEqual } from './summary.js';

const seeds = Number(process.env.CHURN_SEEDS ?? 4);
const minutes = process.env.CHURN_MINUTES ?? '1';

describe('random operations on three hosts at once', () => {
  let cluster: LabCluster;
  let kept: string;
  before(async () => {
    kept = makeEvidenceFolder();
    cluster = await LabCluster.boot(3, { logLevel: 'info', smallDisks: false });
  });
  after(async () => {
    endPrograms();
    await cluster?.down();
  });

  for (const mode of ['own', 'shared'] as const) {
    test(`${mode} folders: ${seeds} seeds from ${seed} end in equal trees, with nothing pending`, async (context) => {
      const words = [
        '--mode',
        mode,
        '--seed',
        `${seed}`,
        '--seeds',
        `${seeds}`,
        '--operations',
        '100',
        '--shrink',
        '0',
      ];
      // No test is decided by a timing: late is not wrong here. In the long form it is.
      const options = parseWords([
        ...words,
        '--minutes',
        minutes,
        '--within',
        '30',
        '--patience',
        '0',
      ]);
      const campaign = new Campaign(cluster, options, kept, (line) => context.diagnostic(line));
      const summary = await campaign.run();
      context.diagnostic(JSON.stringify(summary));
      assert.ok(isEqual(summary), `\n${campaign.report()}\nkept in ${kept}`);
      rmSync(kept, { recursive: true, force: true });
    });
  }
});
