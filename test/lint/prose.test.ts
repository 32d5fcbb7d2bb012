/** scripts/lint/prose.mjs, on small repositories that break its rules. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../scripts/lint/prose.mjs', import.meta.url));

test('plain texts pass', (context) => {
  assert.deepEqual(findings(context, {}), []);
});

for (const file of ['README.md', 'docs/a.md', 'man/a.1', 'systemd/a.catalog']) {
  test(`a retired word in ${file}`, (context) => {
    assert.deepEqual(findings(context, { [file]: 'All is well.\nMend the line.\n' }), [
      `${file}:2: "Mend" is retired: write fix`,
    ]);
  });
}

test('words that only contain a retired one pass', (context) => {
  assert.deepEqual(
    findings(context, { 'docs/a.md': 'It is recommended and allowed; see not-anew.\n' }),
    [],
  );
});

test('in sources only literals count', (context) => {
  const text = [
    "import { a } from './anew.js';",
    '// anew',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a source
    'export const b = `${a} is read anew: ${a}`;',
    "export const c = 'parked';",
    '',
  ].join('\n');
  assert.deepEqual(findings(context, { 'src/a.ts': text }), [
    'src/a.ts:3: "anew" is retired: write again; of a configuration: reload',
    'src/a.ts:4: "parked" is retired: write on hold',
  ]);
});

test('wide lines in documents, but not in tables, code and single words', (context) => {
  const wide = 'word '.repeat(21).trim();
  const address = `https://example.org/${'x'.repeat(100)}`;
  const text = [wide, `| ${wide} |`, '```sh', wide, '```', `- ${address}`, wide, ''].join('\n');
  assert.deepEqual(findings(context, { 'docs/a.md': text }), [
    'docs/a.md:1: 104 columns, 100 at most',
    'docs/a.md:7: 104 columns, 100 at most',
  ]);
});

test('wide comments, and wide lines of C++', (context) => {
  const wide = 'word '.repeat(21).trim();
  const literal = `const text = '${wide}';`;
  const text = [`// ${wide}`, '/**', ` * ${wide}`, ' */', `/** ${wide} */`, literal, ''].join('\n');
  assert.deepEqual(findings(context, { 'src/a.ts': text, 'native/a.cc': `${literal}\n` }), [
    'src/a.ts:1: 107 columns, 100 at most',
    'src/a.ts:3: 107 columns, 100 at most',
    'src/a.ts:5: 111 columns, 100 at most',
    'native/a.cc:1: 120 columns, 100 at most',
  ]);
});

/** What the check says of a repository that has these files, and those that it needs. */
function findings(context: TestContext, files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'ics-prose-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const needed = {
    'README.md': '',
    'CONTRIBUTING.md': '',
    'CHANGELOG.md': '',
    'docs/b.md': '',
    'man/b.1': '',
    'src/b.ts': '',
    'test/b.ts': '',
    'bench/b.ts': '',
    'scripts/b.mjs': '',
    'native/b.h': '',
  };
  for (const [file, text] of Object.entries({ ...needed, 'systemd/b.catalog': '', ...files })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  assert.deepEqual([status, stderr], [lines.length > 0 ? 1 : 0, '']);
  return lines;
}
