// Makes changes in one tree, one after the other, and measures how long each takes until it is on
// the disk of every peer: bytes, name and mode. The clock starts before the first system call of
// the change and stops when a look, one millisecond after the last, finds it.
//
//   measure.mjs PLAN RESULT
//
// PLAN is a JSON text: { sender: DIR, peers: [DIR…], changes: N, seed: N, limitMilliseconds: N,
//   byHand?: { shell: [WORD…], csync2: TEXT, root: DIR } }
// With byHand, nothing watches the sender: after each change, `TEXT -c PATHS` and `TEXT -u` are run
// in that shell, in which the tree is called `root`. RESULT is written as JSON: { samples: [{ kind,
// path, milliseconds | null }…] }.

import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [planText, resultFile] = process.argv.slice(2);
const plan = JSON.parse(planText);
const random = seededRandom(plan.seed);
const known = existingFiles();
const hand = plan.byHand && openShell(plan.byHand);
const kinds = ['new file', 'rewrite', 'append', 'new directory', 'rename', 'chmod', 'delete'];
const samples = [];

for (let number = 0; number < plan.changes; number += 1) {
  const kind = kinds[number % kinds.length];
  const change = prepare(kind, number);
  const begun = performance.now();
  change.apply();
  const finished = hand?.sync(change.touched);
  const milliseconds = await arrival(change, begun);
  await finished;
  samples.push({ kind, path: change.touched.at(-1), milliseconds });
  const shown = milliseconds === null ? 'LOST' : `${milliseconds.toFixed(0)} ms`;
  process.stderr.write(`  ${kind.padEnd(14)} ${change.touched.at(-1).padEnd(34)} ${shown.padStart(8)}\n`);
  // Never in step with anybody's timer.
  await sleep(40 + 80 * random());
}
hand?.close();
writeFileSync(resultFile, JSON.stringify({ samples }));

/**
 * One change: paths touched (below the tree), how to make it, and how to tell that it is in another
 * tree.
 */
function prepare(kind, number) {
  const text = `change ${number}, ${plan.byHand ? 'by hand' : 'by the service'}, seed ${plan.seed}\n`;
  const fresh = join(dirname(pick(false)), `${plan.byHand ? 'hand' : 'new'}-${number}`);
  const holds = (path, content) => (tree) => isFile(join(tree, path)) && readFileSync(join(tree, path)).equals(content);
  switch (kind) {
    case 'new file':
      return {
        touched: [fresh],
        apply: () => writeFileSync(join(plan.sender, fresh), text),
        arrived: holds(fresh, Buffer.from(text)),
      };
    case 'new directory': {
      const inside = join(fresh, 'inside');
      return {
        touched: [fresh, inside],
        apply: () => {
          mkdirSync(join(plan.sender, fresh));
          writeFileSync(join(plan.sender, inside), text);
        },
        arrived: holds(inside, Buffer.from(text)),
      };
    }
    case 'rewrite':
    case 'append': {
      const path = pick(true);
      const before = kind === 'append' ? readFileSync(join(plan.sender, path)) : Buffer.alloc(0);
      const apply = kind === 'append' ? appendFileSync : writeFileSync;
      return {
        touched: [path],
        apply: () => apply(join(plan.sender, path), text),
        arrived: holds(path, Buffer.concat([before, Buffer.from(text)])),
      };
    }
    case 'rename': {
      const path = pick(true);
      const content = readFileSync(join(plan.sender, path));
      return {
        touched: [path, fresh],
        apply: () => renameSync(join(plan.sender, path), join(plan.sender, fresh)),
        arrived: (tree) => !isFile(join(tree, path)) && holds(fresh, content)(tree),
      };
    }
    case 'chmod': {
      const path = pick(true);
      const mode = (lstatSync(join(plan.sender, path)).mode & 0o777) === 0o640 ? 0o600 : 0o640;
      return {
        touched: [path],
        apply: () => chmodSync(join(plan.sender, path), mode),
        arrived: (tree) => (lstatSync(join(tree, path), { throwIfNoEntry: false })?.mode & 0o777) === mode,
      };
    }
    case 'delete': {
      const path = pick(true);
      return {
        touched: [path],
        apply: () => rmSync(join(plan.sender, path)),
        arrived: (tree) => !isFile(join(tree, path)),
      };
    }
  }
}

/** Milliseconds until every peer has it; null when one hasn't within the limit. */
async function arrival(change, begun) {
  let waiting = plan.peers;
  while (waiting.length > 0) {
    waiting = waiting.filter((tree) => !arrivedIn(change, tree));
    const elapsed = performance.now() - begun;
    if (waiting.length === 0) return elapsed;
    if (elapsed > plan.limitMilliseconds) return null;
    await sleep(1);
  }
}

// A peer may replace the file between two of our calls.
function arrivedIn(change, tree) {
  try {
    return change.arrived(tree);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function isFile(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function existingFiles() {
  const files = readdirSync(plan.sender, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(plan.sender.length + 1));
  if (files.length < plan.changes) throw new Error(`${plan.sender} holds ${files.length} files, too few to change ${plan.changes}`);
  return files;
}

/** A file of the tree; `once`: one that no other change uses. */
function pick(once) {
  const index = Math.floor(random() * known.length);
  return once ? known.splice(index, 1)[0] : known[index];
}

/** A shell that stays open, so that its start isn't measured. */
function openShell({ shell, csync2, root }) {
  const child = spawn(shell[0], shell.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async sync(paths) {
      const words = paths.map((path) => `'${join(root, path)}'`).join(' ');
      child.stdin.write(`${csync2} -c ${words} </dev/null && ${csync2} -u </dev/null; echo done\n`);
      while (!(await lines.next()).value?.endsWith('done')) if (child.exitCode !== null) throw new Error('the shell has ended');
    },
    close: () => child.stdin.end(),
  };
}

// mulberry32
function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
