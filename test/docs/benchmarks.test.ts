/** The plots of docs/benchmarks.md are those of the results that are kept. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { mustRun, runCommand } from '../support/command.js';
import { readPage, repository } from '../support/documents.js';

const bench = [process.execPath, join(repository, 'build/bench/main.js'), 'report', '--print'];
const folder = mkdtempSync(join(tmpdir(), 'benchmarks-test-'));
after(() => rmSync(folder, { recursive: true }));

test('page and plots are as they are made', async () => {
  for (const [file, text] of Object.entries(await made())) {
    const found = existsSync(join(repository, file)) ? readPage(file).text : '';
    assert.equal(found, text, `${file}: run: npm run bench -- report`);
  }
});

test('there are no other plots', async () => {
  const plots = join(repository, 'docs/benchmarks');
  const files = existsSync(plots)
    ? readdirSync(plots).map((name) => `docs/benchmarks/${name}`)
    : [];
  const names = Object.keys(await made()).filter((file) => file.endsWith('.svg'));
  assert.deepEqual(files.sort(), names.sort());
});

describe('of results', () => {
  test('none make no plot', async () => {
    const texts = await made(folder);
    assert.deepEqual(Object.keys(texts), ['docs/benchmarks.md']);
    assert.match(texts['docs/benchmarks.md'] ?? '', /There are no saved results\./);
  });

  test('each plot is there when there are runs for it, and the same bytes come of the same results', async () => {
    keep(
      'latency',
      { files: 1000, nodes: 3, rtt: 0 },
      { ours_p50_ms: 40 },
      { ours: [40, 50, null, 60] },
    );
    assert.deepEqual(await plots(), ['latency-distribution']);
    keep('latency', { files: 20000, nodes: 3, rtt: 0 }, { ours_p50_ms: 50 }, { ours: [40, 70] });
    // Two hosts more: no point of the same line.
    keep('latency', { files: 20000, nodes: 5, rtt: 0 }, { ours_p50_ms: 90 }, { ours: [90] });
    keep(
      'trace',
      { files: 1000, nodes: 3, rtt: 0 },
      {
        ours: { gather: { p50: 0.1, p90: 0.2 }, total: { p50: 40, p90: 60 } },
        before: { gather: { p50: 2, p90: 3 }, total: { p50: 42, p90: 62 } },
      },
      {},
    );
    keep('watch', { dirs: 1000 }, { ours: { warm_s: 0.1 }, lsyncd: { warm_s: null } }, {});
    keep('watch', { dirs: 10000 }, { ours: { warm_s: 0.4 }, lsyncd: { warm_s: 3 } }, {});
    keep('bulk', { files: 10, nodes: 2, rtt: 0, bulk: 9 }, { ours_s: 1, floor_s: 2 }, {});
    keep('bulk', { files: 10, nodes: 4, rtt: 0, bulk: 9 }, { ours_s: 2, floor_s: 4 }, {});
    keep('bulk', { files: 10, nodes: 2, rtt: 20, bulk: 9 }, { ours_s: 3, floor_s: 5 }, {});
    keep('events', { creates: 10, idle: 60 }, { wakeups: { ours: 0, watchman: 60 } }, {});
    assert.deepEqual(await plots(), [
      'bulk-over-peers',
      'bulk-over-round-trip',
      'idle-cost',
      'latency-distribution',
      'latency-over-files',
      'trace-stages',
      'watch-over-directories',
    ]);
    const [first, second] = [await made(folder), await made(folder)];
    assert.deepEqual(first, second);
    for (const [file, text] of Object.entries(first).filter(([name]) => name.endsWith('.svg'))) {
      assert.match(text, /^<svg [\s\S]*<\/svg>\n$/, file);
      assert.doesNotMatch(text, /NaN|undefined|Infinity|<script|zr\d/, file);
    }
  });

  test('each plot tells of its runs: command, day, machine, versions, note', async () => {
    const page = (await made(folder))['docs/benchmarks.md'] ?? '';
    assert.ok(
      page.includes('| `npm run bench -- events` | 2026-01-02 | 2 × Some \\| processor, 4 GiB, '),
    );
    assert.ok(
      page.includes('| inotify-csync 1.2.3, Node 20.19.0, csync2 2.0 | on a shared machine |'),
    );
    assert.ok(page.includes('![Idle cost](benchmarks/idle-cost.svg)'));
    assert.match(page, /^\| gather \| until .* \| 2\.0 \| 3\.0 \| 0\.1 \| 0\.2 \|$/m);
    assert.match(page, /^\| arrival \| .* \| - \| - \| - \| - \|$/m);
  });

  test('a damaged result is named', async () => {
    writeFileSync(join(folder, 'damaged.json'), '{"schema": 1}');
    const { code, stderr } = await runCommand([...bench, '--results', folder]);
    assert.equal(code, 70);
    assert.match(stderr, /damaged\.json is damaged\nrepeat the run with --save/);
  });
});

async function made(results?: string): Promise<Record<string, string>> {
  const words = results === undefined ? bench : [...bench, '--results', results];
  const text = Buffer.from(await mustRun(words), 'latin1').toString();
  return JSON.parse(text) as Record<string, string>;
}

async function plots(): Promise<string[]> {
  const files = Object.keys(await made(folder)).filter((file) => file.endsWith('.svg'));
  return files.map((file) => file.replace(/^docs\/benchmarks\/(.*)\.svg$/, '$1')).sort();
}

function keep(
  benchmark: string,
  parameters: Readonly<Record<string, number>>,
  found: Readonly<Record<string, unknown>>,
  samples: Readonly<Record<string, readonly (number | null)[]>>,
): void {
  const result = {
    schema: 1,
    ...{ benchmark, date: '2026-01-02' },
    machine: { processors: 2, model: 'Some | processor', memory_gib: 4, load: 0, kernel: '6.1.0' },
    versions: { inotify_csync: '1.2.3', node: '20.19.0', csync2: '2.0' },
    method: { command: `npm run bench -- ${benchmark}`, note: 'on a shared machine', parameters },
    ...{ found, samples },
  };
  const name = [benchmark, ...Object.values(parameters)].join('-');
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(result));
}
