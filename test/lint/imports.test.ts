/** The rules for imports in biome.json, each tried on a file that breaks it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** Importing file, and what it must not import. */
const forbidden: readonly (readonly [string, string])[] = [
  ['text/a', '../queue/queue.js'],
  ['state/a', '../daemon.js'],
  ['proc/a', '../csync2/run/runner.js'],
  ['native/a', '../watch/watcher.js'],
  ['native', './sync/scheduler.js'],
  ['queue/a', '../watch/watcher.js'],
  ['queue/b', '../sync/scheduler.js'],
  ['watch/a', '../csync2/cfg/index.js'],
  ['watch/b', '../observe/status.js'],
  ['config/a', '../cli/context.js'],
  ['limits/a', '../systemd/notify.js'],
  ['systemd/a', '../observe/status.js'],
  ['observe/a', '../cli/context.js'],
  ['daemon/a', '../cli/context.js'],
  ['daemon', './cli/context.js'],
  ['csync2/run/a', '../../sync/scheduler.js'],
  ['csync2/cfg/a', '../run/runner.js'],
  ['csync2/files/a', '../run/runner.js'],
  ['csync2/run/b', '../database/ledger.js'],
  ['csync2/server-log/a', '../server/server.js'],
  ['csync2/server/a', '../sessions/activity.js'],
  ['csync2/sessions/a', '../database/ledger.js'],
  ['csync2/database/a', '../refusals/refusals.js'],
  ['csync2/database/b', '../check/own-check.js'],
  ['csync2/check/a', '../refusals/refusals.js'],
  ['csync2/refusals/a', '../../observe/status.js'],
  ['sync/a', '../observe/status.js'],
  ['sync/b', '../daemon.js'],
  ['sync/take/a', '../check/checker.js'],
  ['sync/take/b', '../push/lane.js'],
  ['sync/full-check/a', '../newcomers/newcomers.js'],
  ['sync/check/a', '../push/lane.js'],
  ['sync/check/torn/a', '../../full-check/full-check.js'],
  ['sync/push/a', '../check/checker.js'],
  ['sync/push/slice/a', '../../take/backlog.js'],
  ['sync/newcomers/a', '../push/lane.js'],
  ['sync/compare/a', '../push/lane.js'],
  ['sync/arrivals/a', '../check/checker.js'],
  ['sync/memory/a', '../check/checker.js'],
  ['sync/guard/a', '../check/checker.js'],
  ['sync/database/a', '../check/checker.js'],
  ['sync/sweep/a', '../take/portions.js'],
  ['sync/common/a', '../sweep/sweep-plan.js'],
];

/** As above, but allowed: else a rule that forbids everything would pass, too. */
const allowed: readonly (readonly [string, string])[] = [
  ['sync/take/c', '../sweep/sweep-plan.js'],
  ['sync/push/slice/c', '../../../csync2/database/ledger.js'],
  ['sync/push/c', '../database/check-journal.js'],
  ['csync2/run/c', '../files/name-encoding.js'],
  ['csync2/check/c', '../database/ledger.js'],
  ['csync2/server/c', '../server-log/log-file.js'],
  ['observe/c', '../sync/scheduler.js'],
];

for (const [what, statement] of [
  ['an import', (target: string) => `export * from '${target}';\n`],
  [
    'an import of a type',
    (target: string) => `import type { Name } from '${target}';\nexport type Other = Name;\n`,
  ],
] as const) {
  test(`${what} against the direction of the data is an error`, (context) => {
    const sources = [...forbidden, ...allowed].map(
      ([file, target]) => [`src/${file}.ts`, statement(target)] as const,
    );
    assert.deepEqual(
      found(context, 'lint/style/noRestrictedImports', sources),
      forbidden.map(([file]) => `src/${file}.ts`).sort(),
    );
  });
}

test('a circle of imports is an error, also one of types', (context) => {
  const sources = [
    ['src/queue/first.ts', "import type { Two } from './second.js';\nexport type One = Two[];\n"],
    [
      'src/queue/second.ts',
      "import type { One } from './first.js';\nexport type Two = { one: One };\n",
    ],
    ['src/queue/third.ts', "import type { One } from './first.js';\nexport type Three = One;\n"],
  ] as const;
  assert.deepEqual(found(context, 'lint/suspicious/noImportCycles', sources), [
    'src/queue/first.ts',
    'src/queue/second.ts',
  ]);
});

test('a list of any length as the arguments of a call is an error', (context) => {
  const source =
    'export function add(to: string[], list: string[]): void {\n  to.push(...list);\n}\n';
  assert.deepEqual(found(context, 'plugin', [['src/queue/first.ts', source]]), [
    'src/queue/first.ts',
  ]);
});

/** The files that a rule finds fault with, in a copy of the configuration. */
function found(
  context: TestContext,
  rule: string,
  sources: readonly (readonly [string, string])[],
): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'lint-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  cpSync(join(repository, 'biome.json'), join(folder, 'biome.json'));
  cpSync(join(repository, 'scripts/lint'), join(folder, 'scripts/lint'), { recursive: true });
  for (const [file, text] of sources) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const { stdout, stderr, status } = spawnSync(
    join(repository, 'node_modules/.bin/biome'),
    ['lint', '--reporter=github', '--max-diagnostics=none', 'src'],
    { cwd: folder, encoding: 'utf8' },
  );
  assert.equal(status, 1, stdout + stderr);
  const faults = [...stdout.matchAll(/^::error title=([^,]+),file=([^,]+),/gm)];
  const files = faults.flatMap(([, title, file]) => (title === rule && file ? [file] : []));
  return [...new Set(files)].sort();
}
