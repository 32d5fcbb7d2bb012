import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '#src/csync2/cfg/load.js';
import type { CsyncConfig } from '#src/csync2/cfg/model.js';
import { createSelection } from '#src/csync2/cfg/native-selection.js';
import { activePrefixes, selectionRules } from '#src/csync2/cfg/selection.js';
import { configWithoutPlaces } from '#src/csync2/cfg/without-places.js';
import { display, isWithin } from '#src/text/path-bytes.js';
import { Random, seed } from './random.js';
import { names, randomConfig, tops } from './random-config.js';
import { configOf, reader } from './support.js';

const configurations = Number(process.env.CONFIGURATIONS ?? 300);

describe('a configuration without some places', () => {
  test(`says all else that the one before says: ${configurations} random ones (SEED=${seed})`, () => {
    for (let index = 0; index < configurations; index++) {
      const random = new Random(seed * 1_000_003 + index);
      const { files } = randomConfig(random);
      const where = `SEED=${seed}, configuration ${index}`;
      const before = load(files);
      assert.deepEqual(plain(load(without(files, before, []))), plain(before), where);
      const place = randomPath(random);
      const after = load(without(files, before, [place]));
      const [all, rest] = [before, after].map((config) => createSelection(selectionRules(config)));
      for (let asked = 0; asked < 200; asked++) {
        const path =
          asked % 2 === 0 ? randomPath(random) : Buffer.concat([place, randomPath(random)]);
        const expected = isWithin(path, place) ? 0 : all?.matchName(path);
        const got = rest?.matchName(path);
        // Whether a walk steps into it is of no interest to a server.
        assert.equal(
          got === 2,
          expected === 2,
          `${where}: ${display(path)} without ${display(place)}`,
        );
      }
      for (const { name, path } of activePrefixes(after)) {
        const below = Buffer.concat([Buffer.from('%'), name, Buffer.from('%/some/file')]);
        if (isWithin(path, place)) assert.notEqual(rest?.matchName(below), 2, where);
      }
    }
  });

  test('names that patterns, quotes and comments could take for their own', () => {
    const text = 'group g { host me you; key csync2.key; include /srv; auto younger; }';
    for (const name of [
      'a*b',
      'a?b',
      '[x]',
      'a\\b',
      '#c',
      'a;b',
      'new\nline',
      'a"b',
      '{',
      '%p%',
      ' ',
      '**',
      '\xff',
    ]) {
      const place = Buffer.from(`/srv/${name}`, 'latin1');
      const after = load(without(new Map([['/etc/csync2.cfg', text]]), configOf(text), [place]));
      const selection = createSelection(selectionRules(after));
      const below = Buffer.concat([place, Buffer.from('/deep/file')]);
      assert.notEqual(selection.matchName(place), 2, name);
      assert.notEqual(selection.matchName(below), 2, name);
      for (const other of ['/srv', '/srv/other', '/srv/a', '/srv/aXXb', '/srv/axb/c', '/srv/x']) {
        // A quote can't be written: any character counts as one.
        const isOver = name === 'a"b' && other.startsWith('/srv/axb');
        if (!isOver)
          assert.equal(selection.matchName(Buffer.from(other)), 2, `${other} without ${name}`);
      }
    }
  });

  test('below a prefix, above it, and the whole of it', () => {
    const text = `prefix data { on me: /srv/data; } prefix other { on me: /x; }
      group g { host me you; key csync2.key; include %data%; include %other%; }`;
    const matches = (place: string, name: string) => {
      const after = load(
        without(new Map([['/etc/csync2.cfg', text]]), configOf(text), [Buffer.from(place)]),
      );
      return createSelection(selectionRules(after)).matchName(Buffer.from(name)) === 2;
    };
    assert.ok(
      !matches('/srv/data/up', '%data%/up/file') && matches('/srv/data/up', '%data%/upper'),
    );
    assert.ok(!matches('/srv/data', '%data%/file') && !matches('/srv/data', '%data%'));
    assert.ok(!matches('/srv', '%data%/file') && matches('/srv', '%other%/file'));
    assert.ok(matches('/srv/data/up', '%other%/up/file'));
  });

  test('included files, and keys that lie beside the configuration', () => {
    const files = new Map([
      [
        '/etc/csync2.cfg',
        'config /etc/more.cfg; group b { host me you; key other.key; include /b; }',
      ],
      [
        '/etc/more.cfg',
        '# a comment with "quotes"\ngroup a { host me you; key /etc/csync2.key; include "/a a"; }',
      ],
      ['/etc/other.key', 'o'.repeat(40)],
    ]);
    const before = load(files);
    const after = load(without(files, before, [Buffer.from('/b/c')]));
    assert.deepEqual(
      after.groups.map(({ keyFile }) => keyFile),
      ['/etc/csync2.key', '/etc/other.key'],
    );
    assert.deepEqual(after.files, ['/etc/csync2.cfg']);
    assert.equal(createSelection(selectionRules(after)).matchName(Buffer.from('/a a/file')), 2);
  });
});

type Files = ReadonlyMap<string, string>;

function load(files: Files): CsyncConfig {
  return loadConfig({ systemDirectory: '/etc', hostName: 'me', readFile: readerOf(files) });
}

/** The working directory is `/`, and every key is one. */
function readerOf(files: Files): (path: string) => Buffer {
  const read = reader(Object.fromEntries(files));
  return (path) =>
    read(path.endsWith('.key') && !files.has(path) ? '/etc/csync2.key' : resolve('/', path));
}

function without(files: Files, config: CsyncConfig, places: readonly Buffer[]): Files {
  const text = configWithoutPlaces({
    file: '/etc/csync2.cfg',
    systemDirectory: '/etc',
    places,
    prefixes: activePrefixes(config),
    readFile: readerOf(files),
  });
  return new Map([...files, ['/etc/csync2.cfg', text.toString('latin1')]]);
}

/** What a configuration says, without where it says it. */
function plain({ file: _file, files: _files, ...said }: CsyncConfig): unknown {
  const text = JSON.stringify(said, (key, value) => (key === 'place' ? undefined : value));
  return JSON.parse(text);
}

function randomPath(random: Random): Buffer {
  const parts = [random.pick(tops), ...random.times(0, 3, () => random.pick(names))];
  return Buffer.from(`/${parts.join('/')}`, 'latin1');
}
