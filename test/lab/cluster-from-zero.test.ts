/**
 * docs/start/cluster-from-zero.md: all its commands, on the hosts that it names, one block after
 * the other.
 */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mustRun } from '../support/command.js';
import { codeBlocks, readPage, repository } from '../support/documents.js';
import { Lab } from '../support/lab.js';
import { removeProduct } from '../support/lab-packages.js';

const page = readPage('docs/start/cluster-from-zero.md');
const all = codeBlocks(page);
const blocks = all.filter(({ info }) => info[0] !== 'text');

test('every block of commands names its hosts', () => {
  const unclear = blocks.filter(
    ({ info: [language, ...hosts] }) =>
      language !== 'sh' ||
      hosts.length === 0 ||
      hosts.some((host) => host !== 'node1' && host !== 'node2'),
  );
  assert.deepEqual(unclear, []);
});

describe('on two empty hosts', () => {
  let lab: Lab;
  /** What each block has printed, by its place on the page and the host. */
  const printed = new Map<string, string>();

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zero-test-'));
    try {
      const command = [join(repository, 'scripts/package'), '--output', folder];
      const [deb = ''] = (await mustRun(command, { env: process.env })).split('\n');
      lab = await Lab.boot(2);
      for (const { number, root } of lab.nodes) {
        await removeProduct(lab, number);
        await lab.bash(number, 'rm /etc/csync2.cfg /etc/csync2.key');
        copyFileSync(deb, join(root, 'root', basename(deb)));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  after(() => lab?.down());

  for (const { code, info, line } of blocks) {
    const hosts = info.slice(1);
    test(`line ${line}, on ${hosts.join(' and ')}`, async () => {
      for (const host of hosts) {
        const number = Number(host.slice('node'.length));
        printed.set(`${line} ${host}`, await lab.bash(number, `${surroundings}\n${code}`));
        for (const [, from = '', to = '', folder = ''] of code.matchAll(copying)) {
          for (const file of from.split(' ')) carry(lab, number, file, to, folder);
        }
      }
    });
  }

  test('the page shows what they print', () => {
    for (const [at, { code, info }] of all.entries()) {
      const shown = all[at + 1];
      const [language, host] = info;
      if (language !== 'sh' || shown?.info[0] !== 'text') continue;
      const lines = new Set(withoutNumbers(printed.get(`${all[at]?.line} ${host}`) ?? ''));
      assert.deepEqual(
        withoutNumbers(shown.code).filter((line) => !lines.has(line)),
        [],
        code,
      );
    }
  });

  test('the first change has arrived, and the later one', () => {
    const at = blocks.find(({ code }) => code.includes('cat /srv/www/index.html'));
    assert.match(printed.get(`${at?.line} node2`) ?? '', /^hello\nnode2: healthy, /);
    const { root } = lab.node(2);
    assert.equal(readFileSync(join(root, 'srv/www/index.html'), 'utf8'), 'hello again\n');
  });

  test('the hosts are equal, and say so', () => {
    const last = blocks.at(-1);
    assert.match(printed.get(`${last?.line} node1`) ?? '', /^node2: the same, 2 names$/m);
    assert.ok(page.text.includes('`node2: the same, 2 names`'));
  });
});

/**
 * The lines of an output without times and numbers, and without the first of a status, which tells
 * what is under way.
 */
function withoutNumbers(text: string): string[] {
  return text
    .replace(/\d[\d.]*( (ms|s|min))?/g, 'N')
    .split('\n')
    .filter((line) => !/^nodeN: \w+, /.test(line));
}

/** The hosts have no ssh: this test carries what is copied. */
const surroundings = 'cd /root; export DEBIAN_FRONTEND=noninteractive; scp() { :; }';
const copying = /^scp -p (.+) root@(node\d):(\S+)$/gm;

function carry(lab: Lab, number: number, file: string, host: string, folder: string): void {
  const to = lab.node(Number(host.slice('node'.length)));
  cpSync(join(lab.node(number).root, file), join(to.root, folder, basename(file)));
}
