import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { runCommand } from '../support/command.js';
import { queriesOf, readDashboard } from './dashboard.js';

const skip = clusterObstacle(['promtool', 'prometheus']);
const folder = fileURLToPath(new URL('../../../docs/monitoring/', import.meta.url));

test(
  'a real Prometheus finds a value for every query of the dashboard',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, {
      flags: ['--metrics-listen', '127.0.0.1:9823'],
    });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    first.write('from-first', 'text');
    await cluster.untilRead(second, 'from-first', 'text');
    second.write('from-second', 'text');
    await cluster.untilRead(first, 'from-second', 'text');
    await cluster.untilQuiet();

    const printed = await first.command('metrics');
    const checked = await runCommand(['promtool', 'check', 'metrics'], {
      env: process.env,
      input: printed.stdout,
    });
    assert.deepEqual([checked.code, checked.stdout + checked.stderr], [0, '']);

    const log = startPrometheus(first, join(cluster.folder, 'prometheus'));
    const said = () => readFileSync(log, 'utf8');
    await cluster.until(
      'Prometheus to answer',
      async () => (await query(first, '1')) !== undefined,
    );
    const target = 'up{job="inotify-csync"}';
    await cluster.until(
      'a scrape',
      async () => (await query(first, target))?.[0]?.value[1] === '1',
    );
    // Rates need two scrapes.
    for (const { panel, query: text } of queriesOf(readDashboard())) {
      try {
        await cluster.until(
          `${panel}: ${text}`,
          async () => hasNumber(await query(first, text)),
          30,
          500,
        );
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${said()}`);
      }
    }
    const rules = (await api(first, 'rules')) as {
      groups: { rules: { name: string; health: string; state: string; lastError?: string }[] }[];
    };
    const alerts = rules.groups.flatMap((group) => group.rules);
    assert.ok(alerts.length > 10);
    for (const alert of alerts) assert.equal(alert.state, 'inactive', alert.name);
    await cluster.until('all rules to be evaluated', async () => {
      const now = (await api(first, 'rules')) as typeof rules;
      return now.groups.every((group) => group.rules.every(({ health }) => health === 'ok'));
    });

    await first.stop();
    await cluster.until(
      'the end to be seen',
      async () => (await query(first, target))?.[0]?.value[1] === '0',
    );
    const down = 'ALERTS{alertname="InotifyCsyncDown"}';
    await cluster.until(
      'an alert to be pending',
      async () => (await query(first, down))?.length === 1,
    );
  },
);

test('the plugin for Nagios says what the status says, in its codes', { skip }, async (context) => {
  const cluster = await Cluster.started(context);
  const first = cluster.node(1);
  const plugin = pluginFor(cluster.folder);
  const runtime = ['--runtime-directory', join(cluster.folder, 'node1', 'run')];
  const well = await plugin(...runtime);
  assert.deepEqual(
    [well.code, well.stdout.split(',')[0]],
    [0, 'INOTIFY_CSYNC OK - node1: healthy'],
  );
  first.configure('nonsense');
  await cluster.until('the mistake to be seen', async () => (await plugin(...runtime)).code === 1);
  assert.match((await plugin(...runtime)).stdout, /^INOTIFY_CSYNC WARNING - node1: degraded/);
  await first.stop();
  const ended = await plugin(...runtime);
  assert.equal(ended.code, 2);
  assert.match(
    ended.stdout,
    /^INOTIFY_CSYNC CRITICAL - inotify-csync: inotify-csync is not running/,
  );
  assert.equal((await plugin('--nonsense')).code, 3);
});

/** Runs the plugin with the program of this checkout. */
function pluginFor(place: string) {
  const bin = join(place, 'bin');
  mkdirSync(bin);
  cpSync(join(folder, 'check_inotify_csync'), join(bin, 'check'));
  const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));
  writeFileSync(
    join(bin, 'inotify-csync'),
    `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  return (...words: string[]) => runCommand(['sh', join(bin, 'check'), ...words], { env });
}

/** Starts a Prometheus on a node, which ends with it; gives the file of what it says. */
function startPrometheus(node: ClusterNode, place: string): string {
  mkdirSync(place);
  cpSync(join(folder, 'alerts.yml'), join(place, 'alerts.yml'));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['alerts.yml'],
    scrape_configs: [
      { job_name: 'inotify-csync', static_configs: [{ targets: ['127.0.0.1:9823'] }] },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(place, 'prometheus.yml'), JSON.stringify(config));
  const words = [
    ...['prometheus', `--config.file=${place}/prometheus.yml`, `--storage.tsdb.path=${place}/data`],
    ...['--web.listen-address=127.0.0.1:9090', '--storage.tsdb.retention.time=1h'],
  ];
  const file = join(place, 'log');
  const log = openSync(file, 'a');
  const [program = '', ...args] = node.namespaces.enter(words);
  spawn(program, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  return file;
}

interface Sample {
  readonly value: readonly [number, string];
}

/** The values of a query; undefined while Prometheus does not answer. */
async function query(node: ClusterNode, text: string): Promise<readonly Sample[] | undefined> {
  const found = (await api(node, `query?query=${encodeURIComponent(text)}`)) as
    | { resultType: string; result: unknown }
    | undefined;
  if (found?.resultType === 'scalar') return [{ value: found.result as [number, string] }];
  return found?.result as readonly Sample[] | undefined;
}

async function api(node: ClusterNode, path: string): Promise<unknown> {
  const script =
    'fetch(process.argv[1]).then((reply) => reply.text()).then((text) => process.stdout.write(text))';
  const { code, stdout } = await node.run(
    process.execPath,
    ...['-e', script, `http://127.0.0.1:9090/api/v1/${path}`],
  );
  if (code !== 0) return undefined;
  const reply = JSON.parse(stdout) as { status: string; data?: unknown; error?: string };
  assert.equal(reply.status, 'success', reply.error);
  return reply.data;
}

function hasNumber(samples: readonly Sample[] | undefined): boolean {
  return samples?.some(({ value }) => Number.isFinite(Number(value[1]))) ?? false;
}
