// Compares directory trees as csync2 keeps them: names as bytes, type, permissions, owner, link
// target, and of regular files the content and the modification time in whole seconds. Prints one
// line per difference; exit 1 if there is one.
//
//   compare-trees.mjs [--quick] [--ignore NAME]… FIRST SECOND…   --quick: sizes instead of contents

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const shownDifferences = 50;
const slash = Buffer.from('/');

const ignored = new Set();
const trees = [];
let quick = false;
for (let words = process.argv.slice(2), word = words.shift(); word !== undefined; word = words.shift()) {
  if (word === '--quick') quick = true;
  else if (word === '--ignore') ignored.add(words.shift());
  else trees.push(Buffer.from(word));
}
if (trees.length < 2) {
  process.stderr.write('usage: compare-trees.mjs [--quick] [--ignore NAME]… FIRST SECOND…\n');
  process.exit(64);
}

const [first, ...others] = trees;
let differences = 0;
let files = 0;
for (const other of others) compare(Buffer.from('.'), first, other);
if (differences > shownDifferences) process.stdout.write(`… and ${differences - shownDifferences} more\n`);
process.stderr.write(`${files} entries in ${trees.length} trees, ${differences} differences\n`);
process.exit(differences ? 1 : 0);

/**
 * Compares what two paths name, and for directories all below. `shown` is the path below both
 * trees.
 */
function compare(shown, left, right) {
  files += 1;
  const here = describe(left);
  const there = describe(right);
  if (here.text !== there.text) {
    report(shown, right, `${here.text} <> ${there.text}`);
    return;
  }
  if (here.type === 'file' && !quick && !readFileSync(left).equals(readFileSync(right))) {
    report(shown, right, 'contents differ');
  }
  if (here.type === 'directory') compareLists(shown, left, right);
}

// Latin-1 keeps every byte, so that names can be keys.
function compareLists(shown, left, right) {
  const here = new Set(list(left));
  const there = new Set(list(right));
  for (const name of [...new Set([...here, ...there])].sort()) {
    if (ignored.has(name)) continue;
    const bytes = Buffer.from(name, 'latin1');
    const path = Buffer.concat([shown, slash, bytes]);
    if (!there.has(name)) report(path, right, 'missing');
    else if (!here.has(name)) report(path, right, 'only here');
    else compare(path, Buffer.concat([left, slash, bytes]), Buffer.concat([right, slash, bytes]));
  }
}

function list(directory) {
  return readdirSync(directory, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
}

function describe(path) {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return { type: 'nothing', text: 'nothing' };
  const owner = `${stat.uid}:${stat.gid}`;
  const mode = (stat.mode & 0o7777).toString(8);
  if (stat.isFile()) {
    return { type: 'file', text: `file ${mode} ${owner} ${stat.size} bytes of ${Math.floor(stat.mtimeMs / 1000)}` };
  }
  if (stat.isDirectory()) return { type: 'directory', text: `directory ${mode} ${owner}` };
  if (stat.isSymbolicLink()) {
    return { type: 'link', text: `link ${owner} to ${readlinkSync(path, { encoding: 'buffer' }).toString('latin1')}` };
  }
  return { type: 'other', text: `special ${(stat.mode & 0o170000).toString(8)} ${mode} ${owner}` };
}

function report(shown, tree, text) {
  differences += 1;
  if (differences <= shownDifferences) {
    process.stdout.write(`${JSON.stringify(shown.toString('latin1'))} in ${tree.toString('latin1')}: ${text}\n`);
  }
}
