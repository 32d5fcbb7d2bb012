/**
 * Random operations by an outside process on small trees, while the watching process is stopped and
 * continued at random. What a shadow copy has learned from the watcher's records alone must equal
 * the real tree in the end.
 *
 * SEED=first seed (1) SEEDS=how many (300) LANES=how many at once (6) SHRINK=seconds to shrink a
 * failing seed (60)
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { display } from '#src/text/path-bytes.js';
import { seed as firstSeed, Random } from '../csync2/cfg/random.js';
import { Lane, type Outcome } from './lane.js';
import { type Operation, type Plan, planOf } from './operations.js';
import { shrink } from './shrink.js';

const seeds = Number(process.env.SEEDS ?? 300);
const width = Number(process.env.LANES ?? 6);
const shrinkSeconds = Number(process.env.SHRINK ?? 60);

test(`a shadow fed by records alone equals the tree: ${seeds} seeds from ${firstSeed}`, async (context) => {
  const lanes = lanesFor(context, width);
  const failing: { plan: Plan; outcome: Outcome }[] = [];
  const sum = { done: 0, records: 0, lossy: 0, losses: 0 };
  let next = firstSeed;
  await Promise.all(
    lanes.map(async (lane) => {
      while (next < firstSeed + seeds && failing.length < 3) {
        const seed = next++;
        const plan = planOf(seed, new Random(seed), 8 + 4 * (seed % 12));
        const outcome = await lane.run(plan);
        if (outcome.faults.length > 0) failing.push({ plan, outcome });
        sum.done += outcome.done;
        sum.records += outcome.records;
        sum.lossy += Number(plan.lossy);
        sum.losses += outcome.losses.length;
      }
    }),
  );
  context.diagnostic(
    `${next - firstSeed} seeds, ${sum.done} operations, ${sum.records} records; ` +
      `${sum.lossy} seeds were made to lose events, ${sum.losses} losses were told`,
  );
  const reports = [];
  for (const { plan, outcome } of failing) {
    const { smaller, faults } = await shrunk(plan, outcome, lanes);
    reports.push(report(smaller, faults));
  }
  assert.equal(reports.length, 0, `\n${reports.join('\n\n')}`);
});

test('a watcher that keeps every 20th record to itself is found out', async (context) => {
  const lanes = lanesFor(context, 1, 20);
  const found: string[] = [];
  for (let seed = firstSeed; found.length === 0 && seed < firstSeed + 20; seed++) {
    for (const lane of lanes) {
      const { faults } = await lane.run({ ...planOf(seed, new Random(seed), 40), lossy: false });
      found.push(...faults);
    }
  }
  assert.match(found.join('\n'), /^(after a write into every directory: )?root\/.*copied/mu);
});

function lanesFor(context: TestContext, count: number, deaf = 0): readonly Lane[] {
  const base = mkdtempSync(join(tmpdir(), 'ics-churn-'));
  const lanes = Array.from({ length: count }, (_, index) => new Lane(join(base, `${index}`), deaf));
  context.after(async () => {
    for (const lane of lanes) await lane.close();
    rmSync(base, { recursive: true, force: true });
  });
  return lanes;
}

/** Each candidate is tried in all lanes at once, twice: what fails is a race, and needs luck. */
async function shrunk(plan: Plan, outcome: Outcome, lanes: readonly Lane[]) {
  let faults = outcome.faults;
  let smaller = plan;
  const deadline = Date.now() + shrinkSeconds * 1000;
  const fails = async (candidate: Plan): Promise<boolean> => {
    for (let round = 0; round < 2; round++) {
      const outcomes = await Promise.all(lanes.map((lane) => lane.run(candidate)));
      const failed = outcomes.find(({ faults }) => faults.length > 0);
      if (!failed) continue;
      faults = failed.faults;
      smaller = candidate;
      return true;
    }
    return false;
  };
  await shrink(plan.later, (later) => fails({ ...smaller, later }), deadline);
  await shrink(plan.beside, (beside) => fails({ ...smaller, beside }), deadline);
  await shrink(plan.first, (first) => fails({ ...smaller, first }), deadline);
  return { smaller, faults };
}

function report(plan: Plan, faults: readonly string[]): string {
  const { first, later, beside, ...rest } = plan;
  const list = (operations: readonly Operation[]) =>
    operations.map(
      (operation) =>
        `    ${operation.map((value) => display(Buffer.from(String(value), 'latin1'))).join(' | ')}`,
    );
  return [
    `seed ${plan.seed} fails; again: SEED=${plan.seed} SEEDS=1`,
    ...faults.slice(0, 12).map((fault) => `  ${fault}`),
    `  ${JSON.stringify(rest)}`,
    `  ${first.length} operations ${plan.early ? 'while' : 'before'} it opens:`,
    ...list(first),
    `  ${later.length} operations afterwards:`,
    ...list(later),
    `  ${beside.length} operations by another process at the same time:`,
    ...list(beside),
  ].join('\n');
}
