import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import type { Instance } from '#src/csync2/run/instance.js';
import { Runner } from '#src/csync2/run/runner.js';
import { argumentChunks } from '#src/sync/check/argument-chunks.js';
import {
  Checker,
  type CheckerParts,
  type CheckOptions,
  type CheckReport,
} from '#src/sync/check/checker.js';
import { makeBatch } from '#src/sync/common/batch.js';
import { CheckJournal } from '#src/sync/database/check-journal.js';
import { DatabaseWindow } from '#src/sync/database/database-window.js';
import { arriving, checkerKnowledge } from '../../support/checker-parts.js';
import { type CsyncNode, makeCluster } from '../../support/csync2-cluster.js';

describe('checks of changes', () => {
  test('new, changed and deleted files are pending, unchanged ones are not', async (context) => {
    const { a, pending, settle, files } = await setUp(context);
    const paths = ['new', 'dir/deep/new'].map((name) => a.write(name, 'x'));
    let report = await files(...paths);
    assert.deepEqual(report.failed, []);
    assert.deepEqual(
      pending(),
      ['/dir', '/dir/deep', '/dir/deep/new', '/new'],
      'unknown directories go along',
    );
    settle();
    await files(...paths);
    assert.deepEqual(pending(), []);
    a.write('new', 'longer');
    rmSync(join(a.root, 'dir/deep/new'));
    report = await files(...paths);
    assert.deepEqual(report.failed, []);
    assert.deepEqual(pending(), ['/dir/deep/new', '/new']);
  });

  test('a new tree, a renamed one, a deleted one', async (context) => {
    const { a, pending, settle, trees } = await setUp(context);
    for (const name of ['t/1', 't/u/2', 't/u/v/3']) a.write(name, name);
    await trees(a.path('t'));
    assert.deepEqual(pending(), ['/t', '/t/1', '/t/u', '/t/u/2', '/t/u/v', '/t/u/v/3']);
    settle();
    renameSync(join(a.root, 't/u'), join(a.root, 'w'));
    await trees(a.path('t/u'), a.path('w'));
    assert.deepEqual(pending(), [
      '/t/u',
      '/t/u/2',
      '/t/u/v',
      '/t/u/v/3',
      '/w',
      '/w/2',
      '/w/v',
      '/w/v/3',
    ]);
    settle();
    rmSync(join(a.root, 't'), { recursive: true });
    await trees(a.path('t'));
    assert.deepEqual(pending(), ['/t', '/t/1']);
  });

  test('a vanished directory that was reported as a file is looked at with all below it', async (context) => {
    const { a, pending, settle, files, trees } = await setUp(context);
    for (const name of ['t/1', 't/u/2', 't!/3']) a.write(name, name);
    await trees(Buffer.from(a.root));
    settle();
    rmSync(join(a.root, 't'), { recursive: true });
    await files(a.path('t'));
    assert.deepEqual(pending(), ['/t', '/t/1', '/t/u', '/t/u/2']);
  });

  test('a directory replaced by a file, reported as a file', async (context) => {
    const { a, pending, settle, files, trees } = await setUp(context);
    for (const name of ['t/1', 't/u/2']) a.write(name, name);
    await trees(Buffer.from(a.root));
    settle();
    rmSync(join(a.root, 't'), { recursive: true });
    a.write('t', 'a file now');
    await files(a.path('t'));
    assert.deepEqual(pending(), ['/t', '/t/1', '/t/u', '/t/u/2']);
  });

  test("what csync2 never knew and isn't there needs no check: its temporary files", async (context) => {
    const { a, files, trees } = await setUp(context);
    const report = await files(a.path('.file.aB3xYz'), a.path('gone/too'));
    assert.deepEqual([report.checked, report.skipped, report.failed], [0, 2, []]);
    assert.equal((await trees(a.path('gone'))).skipped, 1);
  });

  test('links, FIFOs and names of every kind are pending; a socket is only reported', async (context) => {
    const { a, pending, files } = await setUp(context);
    symlinkSync('nowhere', join(a.root, 'link'));
    execFileSync('mkfifo', [join(a.root, 'fifo')]);
    const socket = createServer().listen(join(a.root, 'socket'));
    context.after(() => socket.close());
    await new Promise((resolve) => socket.once('listening', resolve));
    const hostile = Buffer.concat([
      a.path('-'),
      Buffer.from([0xff, 0x0a, 0x20, 0x25, 0x2a, 0x5c, 0x22]),
    ]);
    writeFileSync(hostile, '');
    const report = await files(a.path('link'), a.path('fifo'), a.path('socket'), hostile);
    assert.deepEqual(report.sockets, [a.path('socket')]);
    assert.deepEqual(report.failed, []);
    assert.deepEqual(
      pending(),
      ['', '/-\xff%0A%20%25*%5C%22', '/fifo', '/link'].filter((name) => name !== ''),
    );
  });

  test('a path below a file or below a link is absent, not an error', async (context) => {
    const { a, pending, settle, files, trees } = await setUp(context);
    a.write('x/y', '');
    await trees(Buffer.from(a.root));
    settle();
    rmSync(join(a.root, 'x'), { recursive: true });
    a.write('x', 'a file');
    assert.deepEqual((await files(a.path('x/y'))).failed, []);
    assert.deepEqual(pending(), ['/x/y']);
    assert.deepEqual((await files(Buffer.from(`${a.root}/${'n'.repeat(300)}`))).failed, []);
  });

  test('more paths than one argument list takes', async (context) => {
    const { a, files, b } = await setUp(context);
    const paths: Buffer[] = [];
    for (let index = 0; index < 13_000; index++) {
      const path = a.path(`${String(index).padStart(6, '0')}${'n'.repeat(160)}`);
      writeFileSync(path, '');
      paths.push(path);
    }
    const bytes = paths.reduce((sum, path) => sum + path.length + 9, 0);
    assert.ok(bytes > 2 * 1024 * 1024 && [...argumentChunks(paths)].length > 1, `${bytes} bytes`);
    const report = await files(...paths);
    assert.deepEqual(report.failed, []);
    assert.equal(a.ledger.pending.count(b.name), paths.length);
  });
});

describe('rewrites within one second', () => {
  test('csync2 alone overlooks it, the checker does not', async (context) => {
    const { a, pending, settle, files } = await setUp(context);
    const path = a.write('file', 'aaaa');
    inSecond(path, 0.1);
    await files(path);
    settle();
    a.write('file', 'bbbb');
    inSecond(path, 0.2);
    a.csync2('-c', String(path));
    assert.deepEqual(pending(), [], 'the blindness this is about');
    await files(path);
    assert.deepEqual(pending(), ['/file']);
  });

  test('of a file that csync2 saw in a tree', async (context) => {
    const { a, pending, settle, files, trees } = await setUp(context);
    const path = a.write('t/file', 'aaaa');
    await trees(a.path('t'));
    settle();
    const now = Date.now();
    a.write('t/file', 'bbbb');
    sameSecondAsSeen(a, path);
    await files(path);
    assert.deepEqual(pending(), ['/t/file'], `at ${now}`);
  });

  test('reported together with a tree above it that csync2 has seen before', async (context) => {
    const { a, pending, settle, trees, checker } = await setUp(context);
    const path = a.write('t/file', 'aaaa');
    inSecond(path, 0.1);
    await trees(a.path('t'));
    settle();
    a.write('t/file', 'bbbb');
    inSecond(path, 0.2);
    const batch = makeBatch([
      { kind: 'file', path },
      { kind: 'tree', path: a.path('t') },
    ]);
    await checker.check(batch, now());
    assert.deepEqual(pending(), ['/t/file']);
  });

  test('of a check that failed: still to be marked when it is tried again', async (context) => {
    const { a, pending, settle, files } = await setUp(
      context,
      (
        node,
      ) => `if [ -e ${node.systemDirectory}/fail ]; then echo 'Finished with 1 errors.' >&2; exit 1; fi
exec csync2 "$@"`,
    );
    const path = a.write('file', 'aaaa');
    inSecond(path, 0.1);
    await files(path);
    settle();
    a.write('file', 'bbbb');
    inSecond(path, 0.2);
    writeFileSync(join(a.systemDirectory, 'fail'), '');
    const report = await files(path);
    assert.equal(report.failed.length, 1);
    rmSync(join(a.systemDirectory, 'fail'));
    assert.deepEqual((await files(path)).failed, []);
    assert.deepEqual(pending(), ['/file'], 'nothing would ever see the change again');
  });

  test('what was received, with times in whole seconds, is not sent back', async (context) => {
    const { a, pending, settle, files } = await setUp(context);
    const path = a.write('file', 'aaaa');
    inSecond(path, 0);
    await files(path);
    settle();
    await files(path);
    assert.deepEqual(pending(), []);
  });

  test('500 rewrites in a row, a check whenever there is time: the last one is pending', async (context) => {
    const { a, b, files } = await setUp(context);
    const path = a.write('file', '0000');
    await files(path);
    let sent = '';
    // A push takes what it finds and is over before the next check; the row that it clears is the
    // one it saw.
    const push = () => {
      if (a.ledger.pending.count(b.name) === 0) return;
      sent = readFileSync(path, 'utf8');
      clear(a);
    };
    push();
    for (let round = 0; round < 50; round++) {
      for (let write = 0; write < 10; write++)
        a.write('file', String(round * 10 + write).padStart(4, '0'));
      await files(path);
      push();
      assert.equal(sent, a.read('file'), `after round ${round}`);
    }
  });
});

describe('checks that fail', () => {
  test('one path fails: it stands alone, everything else is pending', async (context) => {
    const { a, pending, files } = await setUp(
      context,
      () => `for path in "$@"; do case "$path" in */bad*) echo "Cannot do that." >&2; exit 1;; esac; done
exec csync2 "$@"`,
    );
    const names = ['a', 'b', 'bad1', 'c', 'd', 'e', 'bad2', 'f'];
    const report = await files(...names.map((name) => a.write(name, '')));
    assert.deepEqual(report.failed.map((failed) => String(failed.path)).sort(), [
      String(a.path('bad1')),
      String(a.path('bad2')),
    ]);
    assert.match(report.failed[0]?.text ?? '', /Cannot do that/);
    assert.deepEqual(pending(), ['/a', '/b', '/c', '/d', '/e', '/f']);
  });

  test('a file vanishes during a recursive check: tried again until it is through', async (context) => {
    const { a, pending, trees } = await setUp(
      context,
      (node) => `count=${node.systemDirectory}/count; echo x >>$count
if [ $(wc -l <$count) -lt 3 ]; then echo "This should not happen: Can't stat /x." >&2; exit 1; fi
exec csync2 "$@"`,
    );
    a.write('t/1', '');
    const report = await trees(a.path('t'));
    assert.deepEqual(report.failed, []);
    assert.deepEqual(pending(), ['/t', '/t/1']);
  });

  test('files that come and go all the time: what stays is pending, or the tree is reported', async (context) => {
    const { a, pending, trees } = await setUp(context);
    const stays = Array.from({ length: 300 }, (_, index) => `t/d${index % 10}/stays${index}`);
    for (const name of stays) a.write(name, '');
    const churn = startChurn(join(a.root, 't/d5'));
    context.after(() => churn.kill('SIGKILL'));
    const report = await trees(a.path('t'));
    churn.kill('SIGKILL');
    if (report.failed.length > 0) {
      assert.deepEqual(
        report.failed.map(({ path, outcome }) => [String(path), outcome]),
        [[String(a.path('t')), 'vanished']],
      );
      assert.deepEqual((await trees(a.path('t'))).failed, []);
    }
    const all = new Set(pending());
    for (const name of stays) assert.ok(all.has(`/${name}`), name);
  });

  test('maintenance, a broken configuration, a missing program: all paths are reported with the reason', async (context) => {
    const { a, b, pending, files } = await setUp(context);
    const paths = ['x', 'y', 'z'].map((name) => a.write(name, ''));
    const lock = join(a.systemDirectory, 'csync2.lock');
    writeFileSync(lock, '');
    const outcomes = (report: CheckReport) => report.failed.map((failed) => failed.outcome);
    assert.deepEqual(outcomes(await files(...paths)), [
      'maintenance',
      'maintenance',
      'maintenance',
    ]);
    rmSync(lock);
    const configuration = join(a.systemDirectory, 'csync2.cfg');
    const text = readFileSync(configuration, 'utf8');
    writeFileSync(configuration, `${text}\nnonsense {`);
    assert.deepEqual(outcomes(await files(...paths)), ['config', 'config', 'config']);
    writeFileSync(configuration, text);
    const missing = checkerOf(a, { ...a.instance, program: '/nowhere/csync2' });
    const report = await missing.check(
      { files: paths, trees: [], covered: [], trusted: new Set<string>() },
      now(),
    );
    assert.deepEqual(outcomes(report), ['not-found', 'not-found', 'not-found']);
    assert.deepEqual((await files(...paths)).failed, []);
    assert.deepEqual(pending(), ['/x', '/y', '/z']);
    assert.equal(a.ledger.pending.count(b.name), 3);
  });

  test('the database stays locked: reported as that, nothing is lost', async (context) => {
    const { a, pending, files } = await setUp(
      context,
      (node) => `if [ -e ${node.systemDirectory}/busy ]; then
echo "Database backend is exceedingly busy => Terminating (requesting retry)." >&2; exit 1; fi
exec csync2 "$@"`,
    );
    const paths = ['x', 'y'].map((name) => a.write(name, ''));
    writeFileSync(join(a.systemDirectory, 'busy'), '');
    const report = await files(...paths);
    assert.deepEqual(
      report.failed.map((failed) => failed.outcome),
      ['locked', 'locked'],
    );
    rmSync(join(a.systemDirectory, 'busy'));
    await files(...paths);
    assert.deepEqual(pending(), ['/x', '/y']);
  });

  for (const kind of ['files', 'a tree'] as const) {
    test(`csync2 ends in the middle of ${kind}, at each of its marks, and we with it: nothing is lost`, async (context) => {
      const nodes = await makeCluster(context, { nodes: 3 });
      const [a, ...peers] = nodes as [CsyncNode, CsyncNode, CsyncNode];
      a.write('known', 'x');
      await checkerOf(a, a.instance).check(
        {
          files: [],
          trees: [a.path('')],
          covered: [],
          trusted: new Set<string>(),
        },
        now(),
      );
      // Nobody is left to mark what was torn: we have ended, too.
      const doomed = a.wrapProgram('[[ " $* " == *" -m"* ]] && exit 1\nexec csync2 "$@"');
      for (let last = 0; last <= 8; last++) {
        clear(a);
        const names = ['/known', `/t${last}`, `/t${last}/1`, `/t${last}/2`];
        a.write('known', 'x'.repeat(last + 2));
        a.write(`t${last}/1`, 'new');
        a.write(`t${last}/2`, 'new');
        const paths = names.map((name) => a.path(name));
        const batch =
          kind === 'files' ? { files: paths, trees: [] } : { files: [], trees: [a.path('')] };
        const lift = breakAfter(a, last);
        await checkerOf(a, doomed).check(
          { ...batch, covered: [], trusted: new Set<string>() },
          now(),
        );
        lift();
        const next = checkerOf(a, a.instance);
        await next.repair();
        await next.check({ ...batch, covered: [], trusted: new Set<string>() }, now());
        for (const peer of peers) {
          const pending = a.pendingFor(peer).filter((name) => names.includes(name));
          assert.deepEqual(pending, names, `${peer.name}, ended at mark ${last + 1}`);
        }
      }
    });
  }

  test('what is being received is postponed, a tree as a tree, until it has taken too long', async (context) => {
    const { a, pending } = await setUp(context);
    a.write('t/whole', 'x');
    const half = a.write('t/.half.aB3xYz', 'x');
    const own = a.write('own', 'x');
    const arrivals = arriving({
      judge: (path) => (path.equals(half) ? 'arriving' : 'local'),
      within: (path) => path.equals(a.path('t')),
    });
    const checker = checkerOf(a, a.instance, { arrivals });
    const batch = {
      files: [half, own],
      trees: [a.path('t')],
      covered: [],
      trusted: new Set<string>(),
    };
    const report = await checker.check(batch, now());
    assert.deepEqual(report.postponed, [
      { path: a.path('t'), recursive: true, isTrusted: false },
      { path: half, recursive: false, isTrusted: false },
    ]);
    assert.deepEqual(pending(), ['/own']);
    await checker.check(batch, { ...now(), waits: false });
    assert.deepEqual(pending(), ['/own', '/t', '/t/.half.aB3xYz', '/t/whole']);
  });

  test('a file whose reception was broken off is left to its sender for a moment, then it is marked', async (context) => {
    const { a, pending, settle, trees } = await setUp(context);
    const path = a.write('half', 'aaaa');
    await trees(a.path(''));
    settle();
    sameSecondAsSeen(a, path);
    const checker = checkerOf(a, a.instance, {
      arrivals: arriving({ judge: () => 'half-received' }),
    });
    const batch = {
      files: [path],
      trees: [],
      covered: [],
      trusted: new Set<string>(),
    };
    assert.deepEqual((await checker.check(batch, now())).postponed, [
      { path, recursive: false, isTrusted: false },
    ]);
    assert.deepEqual(pending(), []);
    await checker.check(batch, { ...now(), waits: false });
    assert.deepEqual(pending(), ['/half']);
  });

  test('ended by the signal: what was not done is among the failed', async (context) => {
    const { a, checker } = await setUp(context, () => 'exec sleep 60');
    const abort = new AbortController();
    const paths = ['x', 'y'].map((name) => a.write(name, ''));
    setTimeout(() => abort.abort(), 100);
    const report = await checker.check(
      { files: paths, trees: [], covered: [], trusted: new Set<string>() },
      { ...now(), signal: abort.signal },
    );
    assert.equal(report.failed.length, 2);
  });

  test('a database of ours that somebody keeps locked for a moment delays a check and nothing more', async (context) => {
    const { a, pending, files } = await setUp(context);
    const path = a.write('x', '');
    const other = new Database(a.databaseFile);
    other.exec('BEGIN IMMEDIATE');
    setTimeout(() => {
      other.exec('COMMIT');
      other.close();
    }, 300);
    assert.deepEqual((await files(path)).failed, []);
    assert.deepEqual(pending(), ['/x']);
  });
});

/** Two nodes, a checker on the first. Both trees are known: nothing is pending at the beginning. */
async function setUp(
  context: Parameters<typeof makeCluster>[0],
  wrapper?: (node: CsyncNode) => string,
) {
  const [a, b] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
  const checker = checkerOf(a, wrapper ? a.wrapProgram(wrapper(a)) : a.instance);
  return {
    a,
    b,
    checker,
    files: (...files: Buffer[]) =>
      checker.check({ files, trees: [], covered: [], trusted: new Set<string>() }, now()),
    trees: (...trees: Buffer[]) =>
      checker.check({ files: [], trees, covered: [], trusted: new Set<string>() }, now()),
    pending: () => a.pendingFor(b).filter((name) => name !== ''),
    settle: () => clear(a),
  };
}

/** A check that waits for what is arriving. */
function now(): CheckOptions {
  return { waits: true, signal: new AbortController().signal };
}

function checkerOf(
  node: CsyncNode,
  instance: Instance,
  parts: Partial<CheckerParts> = {},
): Checker {
  return new Checker({
    ...checkerKnowledge(node),
    runner: new Runner(instance),
    journal: new CheckJournal(),
    window: new DatabaseWindow({ quiet: async () => true }, undefined, 1),
    ...parts,
  });
}

/**
 * Has csync2 end when it has made so many marks, each of them committed. Returns what undoes it.
 */
function breakAfter(node: CsyncNode, marks: number): () => void {
  const database = new Database(node.databaseFile, { timeout: 5000 });
  database.exec(`CREATE TABLE marks_left (number); INSERT INTO marks_left VALUES (${marks});
    CREATE TRIGGER break BEFORE INSERT ON dirty WHEN (SELECT number FROM marks_left) = 0
      BEGIN SELECT RAISE(ABORT, 'as if csync2 had been killed'); END;
    CREATE TRIGGER count AFTER INSERT ON dirty BEGIN UPDATE marks_left SET number = number - 1; END`);
  return () => {
    database.exec('DROP TRIGGER break; DROP TRIGGER count; DROP TABLE marks_left');
    database.close();
  };
}

/** All is sent. */
function clear(node: CsyncNode): void {
  const database = new Database(node.databaseFile, { timeout: 5000 });
  database.exec('DELETE FROM dirty');
  database.close();
}

/** Sets the time of a file into the present second, `fraction` of it gone. */
function inSecond(path: Buffer, fraction: number): void {
  const now = thisSecond + fraction;
  utimesSync(path, now, now);
}

const thisSecond = Math.floor(Date.now() / 1000);

/** Moves the time of a file that was rewritten into the second in which csync2 saw it. */
function sameSecondAsSeen(node: CsyncNode, path: Buffer): void {
  const seen = Number(node.ledger.notes.of(path)?.mtimeSeconds);
  utimesSync(path, seen + 0.123, seen + 0.123);
}

/** A process that makes and removes files in a directory as fast as it can. */
function startChurn(directory: string): ChildProcess {
  mkdirSync(directory, { recursive: true });
  const script =
    'while :; do for i in 1 2 3 4 5 6 7 8; do : >"$1/.tmp$i"; done; rm -f "$1"/.tmp*; done';
  return spawn('bash', ['-c', script, 'churn', directory], { stdio: 'ignore' });
}
