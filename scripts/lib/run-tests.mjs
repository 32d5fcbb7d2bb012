// Runs the test files of a suite, some side by side, each in a process and a temporary directory of
// its own.
//
//   run-tests.mjs SUITE JOBS[-MOST] RESULTS FILE…
//
// JOBS files run at once, and up to MOST while the processors are idle, because many tests mostly
// wait; one whose first comment says `Runs alone: REASON` runs when nothing else
// does. What the tests print comes when their file has ended; a line of JSON with what they came to
// is appended to the file RESULTS. Exit 1 if any failed.
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mark, removeLeftovers } from './test-leftovers.mjs';
import { resultsOf } from './test-results.mjs';

const timeout = 600_000;
/** The share of idle time that is enough for one more file, and how long it is looked at. */
const enoughIdle = 0.4;
const idleSeconds = 4;
const prefix = 'ics-test-';
/** Begun first, so that the others fill the time beside them. */
const longest = [
  'test/native/addon.test.ts',
  'test/native/explore.test.ts',
  'test/native/fuzz.test.ts',
  'test/queue/damage.test.ts',
  'test/cli/command-line.test.ts',
  'test/sync-engine/conflicts.integration.test.ts',
  'test/sync-engine/on-hold.integration.test.ts',
  'test/sync-engine/long-paths.integration.test.ts',
  'test/sync-engine/peers.integration.test.ts',
  'test/observe/control-clients.integration.test.ts',
  'test/sync-engine/mounts.integration.test.ts',
  'test/sync-engine/many-entries.integration.test.ts',
  'test/sync-engine/links-on-the-way.integration.test.ts',
  'test/sync-engine/flush.integration.test.ts',
  'test/sync-engine/faults.integration.test.ts',
  'test/sync-engine/pause.integration.test.ts',
  'test/sync-engine/interrupted-update.integration.test.ts',
  'test/sync-engine/events.integration.test.ts',
  'test/sync-engine/links.integration.test.ts',
  'test/sync-engine/crash.integration.test.ts',
  'test/sync-engine/large-files.integration.test.ts',
  'test/packages/rpm.integration.test.ts',
  'test/lab/mounts.test.ts',
  'test/lab/watchdog.test.ts',
  'test/lab/restart.test.ts',
  'test/lab/package.test.ts',
  'test/lab/rpm.test.ts',
  'test/lab/journal.test.ts',
  'test/lab/churn.test.ts',
];

const [suite = '', range = '1', resultsFile = '', ...files] = process.argv.slice(2);
const [jobs, most = jobs] = range.split('-').map(Number);
const scripts = fileURLToPath(new URL('..', import.meta.url));
const inCi = process.env.CI === 'true';
const running = new Set();
let stopping;
for (const [signal, number] of [['SIGHUP', 1], ['SIGINT', 2], ['SIGTERM', 15]]) {
  process.on(signal, () => {
    stopping ??= 128 + number;
    for (const each of running) each.kill('SIGTERM');
  });
}
process.exitCode = await main();

async function main() {
  await removeStale();
  const began = performance.now();
  // Whoever a test becomes must get through to its own directory, and csync2 lists those above a
  // tree.
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  chmodSync(folder, 0o755);
  const total = { suite, passed: 0, skipped: 0, failures: [], leftovers: [] };
  const one = async (source) => {
    const { results, leftovers } = await runFile(folder, source);
    total.passed += results.passed;
    total.skipped += results.skipped;
    total.failures.push(...results.failures);
    total.leftovers.push(...leftovers.map((text) => `${source}: ${text}`));
  };
  try {
    await sideBySide(inOrder(files.filter((file) => !runsAlone(file))), one);
    for (const file of files.filter(runsAlone)) if (!stopping) await one(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  appendFileSync(resultsFile, `${JSON.stringify({ ...total, seconds })}\n`);
  return stopping ?? (total.failures.length > 0 ? 1 : 0);
}

/** Runs files, as many at once as {@link jobs} says, and further ones while nothing computes. */
async function sideBySide(waiting, one) {
  const working = new Set();
  const begin = () => {
    const work = one(waiting.shift()).finally(() => working.delete(work));
    working.add(work);
  };
  let before = processorTimes();
  while (waiting.length > 0 || working.size > 0) {
    if (stopping) waiting.length = 0;
    while (waiting.length > 0 && working.size < jobs) begin();
    const now = processorTimes();
    if (now.all - before.all > idleSeconds * 1000 * cpus().length) {
      const isIdle = (now.idle - before.idle) / (now.all - before.all) > enoughIdle;
      if (isIdle && waiting.length > 0 && working.size < most) begin();
      before = now;
    }
    const soon = new Promise((resolve) => setTimeout(resolve, 1000));
    await Promise.race([...working, soon]);
  }
}

/** Milliseconds that all processors together have been idle, and in all, since the start. */
function processorTimes() {
  let [idle, all] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idle, all };
}

/** Runs one file to its end, prints what it says, and cleans up behind it. */
async function runFile(parent, source) {
  const began = performance.now();
  const compiled = source.replace(/^test\/(.*)\.ts$/, 'build/test/$1.js');
  const folder = mkdtempSync(join(parent, 't'));
  chmodSync(folder, 0o1777);
  const [record, output] = [`${folder}.record`, `${folder}.output`];
  const id = `${basename(parent)}/${basename(folder)}`;
  const sink = openSync(output, 'w');
  const reporters = [
    `--test-reporter=${join(scripts, 'lib/test-recorder.mjs')}`,
    `--test-reporter-destination=${record}`,
    `--test-reporter=${process.env.TEST_REPORTER ?? 'tap'}`,
    '--test-reporter-destination=stdout',
  ];
  const child = spawn(process.execPath, [...reporters, compiled], {
    // What tells of a failure is kept outside.
    env: { ...process.env, TMPDIR: folder, INOTIFY_CSYNC_TEST_KEEP: tmpdir(), [mark]: id },
    stdio: ['ignore', sink, sink],
    // A signal that a terminal sends to all is passed on by this process.
    detached: true,
  });
  closeSync(sink);
  running.add(child);
  const ended = await endOf(child);
  running.delete(child);
  if (source.startsWith('test/lab/')) spawnSync(join(scripts, 'lab'), ['clean'], { stdio: ['ignore', 2, 2] });
  const leftovers = await removeLeftovers({ id, folder, pid: child.pid });
  const said = readFileSync(output);
  const results = resultsOf(source, compiled, textOf(record), ended, said.toString('latin1'), inCi);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(`\n# ${source} (${seconds} s)\n`);
  process.stdout.write(said);
  return { results, leftovers };
}

/** How a process ended: an exit code, or a text where it was ended. */
function endOf(child) {
  return new Promise((resolve) => {
    let late;
    const later = setTimeout(() => {
      late = `not over after ${timeout / 1000} s`;
      child.kill('SIGTERM');
    }, timeout);
    // What it does on SIGTERM must come to an end, too.
    let sinceToldToEnd = 0;
    const killer = setInterval(() => {
      if ((late || stopping) && ++sinceToldToEnd > 30) child.kill('SIGKILL');
    }, 1000);
    const done = (how) => {
      clearTimeout(later);
      clearInterval(killer);
      resolve(late ?? how);
    };
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(signal ? `ended by ${signal}` : code));
  });
}

/** The longest first, the others as they are named. */
function inOrder(names) {
  const rank = (name) => (longest.includes(name) ? longest.indexOf(name) : longest.length);
  return names.sort((a, b) => rank(a) - rank(b));
}

function runsAlone(source) {
  return /^(\/\/|\/?\s?\*+).*Runs alone: /m.test(readFileSync(source, 'utf8').slice(0, 2000));
}

/** Removes what runs have left that were killed. */
async function removeStale() {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : Number.NaN;
    const folder = join(tmpdir(), name);
    if (!(pid > 0) || existsSync(`/proc/${pid}`) || statSync(folder).uid !== process.getuid()) continue;
    for (const line of await removeLeftovers({ id: name, folder })) process.stderr.write(`of an earlier run: ${line}\n`);
  }
}

function textOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
