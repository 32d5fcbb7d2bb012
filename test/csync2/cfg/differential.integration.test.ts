import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { explainPath } from '#src/csync2/cfg/explain.js';
import { loadConfig } from '#src/csync2/cfg/load.js';
import type { CsyncConfig } from '#src/csync2/cfg/model.js';
import { createSelection } from '#src/csync2/cfg/native-selection.js';
import { peersOf } from '#src/csync2/cfg/peers.js';
import { rootsOf } from '#src/csync2/cfg/roots.js';
import { activePrefixes, memberGroups, selectionRules } from '#src/csync2/cfg/selection.js';
import { warningsOf } from '#src/csync2/cfg/warnings.js';
import type { NativeSelection } from '#src/native/selection.js';
import { display, fromKey, isWithin, parentOf, toKey } from '#src/text/path-bytes.js';
import { Random, seed } from './random.js';
import { randomConfig } from './random-config.js';
import { growTree } from './random-tree.js';
import { World } from './world.js';

const configurations = Number(process.env.CONFIGURATIONS ?? 150);
const perTree = 5;
const unavailable = World.unavailable();
let world: World;

before(() => {
  if (!unavailable) world = new World();
});
after(() => {
  if (!unavailable) world.remove();
});

test(
  `csync2 selects the same paths, in ${configurations} random configurations`,
  {
    skip: unavailable ?? false,
  },
  (context) => {
    const counts = { paths: 0, selected: 0, passed: 0, configurationsThatSelect: 0, csync2Died: 0 };
    for (let index = 0; index < configurations; index += 1) {
      const tree = Math.floor(index / perTree);
      if (index % perTree === 0) growTree(new Random(seed * 1_000_003 + tree), world.root);
      const { files } = randomConfig(new Random(seed * 1_000_003 + 500_000_000 + index));
      for (const [path, content] of files) world.write(path, Buffer.from(content, 'latin1'));
      const where = `SEED=${seed}, configuration ${index}:\n${[...files].map(([path, content]) => `--- ${path}\n${content}`).join('\n')}\n---\n`;
      compareOne(where, counts);
    }
    context.diagnostic(JSON.stringify({ seed, configurations, ...counts }));
    assert.ok(
      counts.configurationsThatSelect > configurations / 3,
      'the random configurations select too little to prove anything',
    );
  },
);

function compareOne(
  where: string,
  counts: {
    paths: number;
    selected: number;
    passed: number;
    configurationsThatSelect: number;
    csync2Died: number;
  },
): void {
  const config = loadConfig({ systemDirectory: '/etc', hostName: 'ME', readFile: world.read });
  const paths = world.paths();

  const check = world.csync2('-N', 'Me', '-cr', '-vv', '-W', '3', '/');
  if (check.code !== 0 && diesOfPrefix(config, check.errors)) {
    counts.csync2Died += 1;
    return;
  }
  assert.equal(check.code, 0, where + check.errors);
  const checked = [...check.errors.matchAll(/^New file: (.*)$/gm)].map(
    (match) => match[1] as string,
  );
  const selection = createSelection(selectionRules(config));
  compareSelection(where, config, selection, paths, checked);
  compareDirectories(where, config, selection, paths, check.directories);
  comparePeers(where, config, checked, check.errors);

  const compare = world.csync2('-N', 'me', '-or', '/');
  // A `compare` pattern can make it step into a prefix that the check never comes to.
  if (compare.code !== 0 && diesOfPrefix(config, compare.errors)) {
    counts.csync2Died += 1;
    return;
  }
  assert.equal(compare.code, 0, where + compare.errors);
  compareSelection(
    `${where}compare mode, `,
    config,
    createSelection(selectionRules(config, 'compare')),
    paths,
    namesIn(compare.output),
  );

  counts.paths += paths.size;
  counts.selected += checked.length;
  if (checked.length > 0) counts.configurationsThatSelect += 1;
  for (const path of paths.keys()) {
    const scope = selection.explain(fromKey(path));
    if (scope === 1) counts.passed += 1;
    const { verdict } = explainPath(config, fromKey(path));
    assert.equal(
      verdict,
      ['leftOut', 'passedThrough', 'synchronised'][scope],
      `${where}explanation of ${display(fromKey(path))}`,
    );
  }
}

// Two prefixes with one name, or a slash in a name, can stop csync2. We warn of both.
function diesOfPrefix(config: CsyncConfig, errors: string): boolean {
  const kinds = warningsOf(config).map(({ kind }) => kind);
  if (kinds.includes('prefixName') && /^Prefix '.*' is not defined for host/m.test(errors))
    return true;
  const missing = /^This should not happen: Can't stat (.*)\.$/m.exec(errors)?.[1];
  return (
    kinds.includes('prefixTwice') &&
    activePrefixes(config).some(({ path }) => toKey(path) === missing)
  );
}

// csync2's scanner echoes the newlines of a list of included files.
function namesIn(output: string): string[] {
  return output.split('\n').filter((name) => name !== '');
}

function compareSelection(
  where: string,
  config: CsyncConfig,
  selection: NativeSelection,
  paths: Map<string, boolean>,
  csync2Names: readonly string[],
): void {
  const theirs = new Set<string>();
  for (const name of csync2Names) {
    assert.equal(selection.matchName(fromKey(name)), 2, `${where}matchName of ${name}`);
    theirs.add(realPath(config, name));
  }
  for (const path of paths.keys()) {
    const ours = selection.explain(fromKey(path)) === 2;
    assert.equal(ours, theirs.has(path), `${where}path ${display(fromKey(path))}: ours ${ours}`);
  }
  const roots = rootsOf(config);
  if (!where.endsWith('compare mode, ')) {
    for (const path of theirs) {
      const found = roots.some((root) => isWithin(fromKey(path), root.path));
      assert.ok(found, `${where}no root holds ${display(fromKey(path))}`);
    }
  }
  for (const path of theirs)
    assert.ok(paths.has(path), `${where}csync2 found ${path}, which is not there`);
}

// What csync2 writes to its dirty table for a new file: a row for each peer of each group that
// covers it.
function comparePeers(
  where: string,
  config: CsyncConfig,
  names: readonly string[],
  log: string,
): void {
  const rows = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const match of log.matchAll(
    /^SQL: INSERT INTO dirty .* VALUES \('(.*)', 0, '(.*)', '(.*)'\)$/gm,
  )) {
    const [name, myName, peer] = match.slice(1).map((text) => decode(text)) as [
      string,
      string,
      string,
    ];
    rows.get(name)?.push(`${peer} knows us as ${myName}`);
  }
  const groups = memberGroups(config).map((group) => ({
    group,
    selection: createSelection(selectionRules({ ...config, groups: [group] })),
  }));
  const peers = peersOf(config);
  for (const [name, theirs] of rows) {
    const ours = new Map<string, string>();
    // csync2 keeps its groups in reverse order, and the first that covers the file names us.
    for (const { group, selection } of [...groups].reverse()) {
      if (selection.matchName(fromKey(name)) !== 2) continue;
      for (const host of group.hosts)
        if (!ours.has(host.name)) ours.set(host.name, group.myName ?? '');
    }
    const expected = [...ours].map(([peer, myName]) => `${peer} knows us as ${myName}`);
    assert.deepEqual([...theirs].sort(), expected.sort(), `${where}peers of ${name}`);
    for (const peer of ours.keys())
      assert.ok(
        peers.some((known) => known.name === peer),
        `${where}peer ${peer}`,
      );
  }
}

function decode(text: string): string {
  return text.replace(/%([0-9A-F]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

// csync2 lists a directory when it, or an entry of it under the same kind of name, is synchronised.
function compareDirectories(
  where: string,
  config: CsyncConfig,
  selection: NativeSelection,
  paths: Map<string, boolean>,
  csync2Names: readonly string[],
): void {
  const theirs = new Set(csync2Names.map((name) => realPath(config, name)));
  const prefixPaths = new Set(activePrefixes(config).map(({ path }) => toKey(path)));
  const ours = new Set<string>();
  for (const [path, isDirectory] of paths) {
    if (selection.explain(fromKey(path)) !== 2) continue;
    if (isDirectory) ours.add(path);
    // A prefix that begins at this path may be the only name that selects it, and its parent has no
    // such name.
    if (path !== '/' && !prefixPaths.has(path)) ours.add(toKey(parentOf(fromKey(path))));
    else if (path !== '/' && selection.matchName(fromKey(path)) === 2)
      ours.add(toKey(parentOf(fromKey(path))));
  }
  for (const path of ours)
    assert.ok(theirs.has(path), `${where}-W does not name ${display(fromKey(path))}`);
  for (const path of theirs) {
    assert.ok(
      selection.explain(fromKey(path)) > 0,
      `${where}-W names ${display(fromKey(path))}, which we do not enter`,
    );
  }
}

function realPath(config: CsyncConfig, name: string): string {
  if (!name.startsWith('%')) return name;
  for (const prefix of activePrefixes(config)) {
    const start = `%${toKey(prefix.name)}%`;
    if (!name.startsWith(start)) continue;
    const path = toKey(prefix.path);
    const rest = name.slice(start.length);
    return rest === '' ? path : path === '/' ? rest : path + rest;
  }
  throw new Error(`csync2 names an unknown prefix: ${name}`);
}
