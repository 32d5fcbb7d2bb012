/**
 * What is in docs/monitoring: promtool(1) accepts it, and it asks for nothing that there is not.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assembleStatus } from '#src/observe/assemble-status.js';
import { Counts } from '#src/observe/counts.js';
import { exposition } from '#src/observe/exposition.js';
import { metricsOf, upMetrics } from '#src/observe/metrics.js';
import { type CommandResult, runCommand } from '../support/command.js';
import { queriesOf, readDashboard } from './dashboard.js';
import { lane, quiet } from './status-sources.js';

const folder = fileURLToPath(new URL('../../../docs/monitoring/', import.meta.url));
const families = metricsOf({
  status: assembleStatus({ ...quiet, lanes: [lane({ lastSentAt: 1, sent: 1 })] }),
  ...{ counts: countsOfOne(), version: '1.2.3', now: 1_000_000 },
  ...{ watches: 8, watchLimit: 1_048_576, events: 123, overflows: 0 },
});

for (const [what, words, input] of [
  ['metrics are well formed', ['check', 'metrics'], exposition(families)],
  [
    'the metrics of a daemon that does not run are, too',
    ['check', 'metrics'],
    exposition(upMetrics(false)),
  ],
  ['the alerting rules are rules', ['check', 'rules', `${folder}alerts.yml`], ''],
  [
    'each alert fires when it has to, and not before',
    ['test', 'rules', `${folder}alerts.test.yml`],
    '',
  ],
] as const) {
  test(what, async (context) => {
    const result = await promtool(context, words, input);
    if (result) assert.equal(result.code, 0, result.stdout + result.stderr);
  });
}

test('every alert is tested, and says what to do', () => {
  const rules = readFileSync(`${folder}alerts.yml`, 'utf8');
  const tests = readFileSync(`${folder}alerts.test.yml`, 'utf8');
  const alerts = rules.split('- alert: ').slice(1);
  assert.ok(alerts.length > 10);
  for (const alert of alerts) {
    const [name = ''] = alert.split('\n');
    assert.match(alert, /severity: (critical|warning|info)\n/, name);
    assert.match(alert, / summary: [\s\S]* description: /, name);
    assert.match(
      tests,
      new RegExp(`alertname: ${name}\n[^-]*exp_alerts:`),
      `${name} fires in no test`,
    );
  }
});

test('rules and dashboard ask for metrics that there are', () => {
  const known = new Set(families.map(({ name }) => name));
  const rules = readFileSync(`${folder}alerts.yml`, 'utf8');
  const asked = [rules, ...queriesOf(readDashboard()).map(({ query }) => query)].join('\n');
  const names = new Set(asked.match(/\binotify_csync_\w+/g));
  assert.ok(names.size > 20);
  for (const name of names) assert.ok(known.has(name), name);
});

test('the panels of the dashboard overlap nowhere and have titles', () => {
  const taken = new Set<string>();
  for (const { gridPos: place, title } of readDashboard().panels) {
    assert.ok(title);
    assert.ok(place.x + place.w <= 24, title);
    for (let x = place.x; x < place.x + place.w; x += 1) {
      for (let y = place.y; y < place.y + place.h; y += 1) {
        assert.ok(!taken.has(`${x} ${y}`), title);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

function countsOfOne(): Counts {
  const counts = new Counts();
  counts.onRun(['-cr'], 'done');
  return counts;
}

/** What promtool says; undefined, and the test is skipped, if it is not installed. */
async function promtool(
  context: TestContext,
  words: readonly string[],
  input: string,
): Promise<CommandResult | undefined> {
  try {
    return await runCommand(['promtool', ...words], { env: process.env, input });
  } catch {
    context.skip('promtool is not installed (scripts/setup --with-tests)');
    return undefined;
  }
}
