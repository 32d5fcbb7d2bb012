/**
 * The churn of the whole product while hosts are killed, cut off, filled and stopped. Takes two
 * minutes on two cores. The long form: `npm run churn -- --faults`.
 *
 * Runs alone: is judged by when all is done, and takes memory from daemons.
 *
 * SEED=first seed (1)  CHURN_MINUTES=how long (1)
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

const minutes = process.env.CHURN_MINUTES ?? '1';

describe('random operations on three hosts while they are struck', () => {
  let cluster: LabCluster;
  let kept: string;
  before(async () => {
    kept = makeEvidenceFolder();
    cluster = await LabCluster.boot(3, { logLevel: 'info', smallDisks: true });
  });
  after(async () => {
    endPrograms();
    await cluster?.down();
  });

  test(`own folders, from seed ${seed}: nothing is lost, nothing is deleted wrongly`, async (context) => {
    const words = [
      '--faults',
      '--mode',
      'own',
      '--seed',
      `${seed}`,
      '--seeds',
      '20',
      '--operations',
      '150',
    ];
    const options = parseWords([...words, '--minutes', minutes, '--shrink', '0', '--within', '60']);
    const campaign = new Campaign(cluster, options, kept, (line) => context.diagnostic(line));
    const summary = await campaign.run();
    context.diagnostic(JSON.stringify(summary));
    assert.ok(isEqual(summary), `\n${campaign.report()}\nkept in ${kept}`);
    rmSync(kept, { recursive: true, force: true });
  });
});
