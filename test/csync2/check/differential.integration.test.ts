/**
 * Our check of single paths against csync2's: random configurations, trees and changes. Both work
 * on a copy of one database, which must be equal afterwards, row by row and byte by byte.
 *
 * `SEEDS=5000 SEED=1` for the long form; a failure prints the seed, `SEED=n SEEDS=1` repeats it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { loadConfig } from '#src/csync2/cfg/load.js';
import { activePrefixes } from '#src/csync2/cfg/selection.js';
import { AutoCheck } from '#src/csync2/check/auto-check.js';
import { CurrentRules } from '#src/csync2/check/current-rules.js';
import { OwnCheck } from '#src/csync2/check/own-check.js';
import { type CheckAnswer, type PathCheck, ProgramCheck } from '#src/csync2/check/path-check.js';
import { Ledger } from '#src/csync2/database/ledger.js';
import { encodeName } from '#src/csync2/files/name-encoding.js';
import type { Instance } from '#src/csync2/run/instance.js';
import { Runner } from '#src/csync2/run/runner.js';
import { toKey } from '#src/text/path-bytes.js';
import { Random, seed } from '../cfg/random.js';
import { bytes, ChangingTree, randomConfig } from './random-checks.js';

const seeds = Number(process.env.SEEDS ?? 40);
const rounds = 4;

test(`csync2 and our check write the same rows, in ${seeds} random trees`, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'csync2-check-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'key'), `${'k'.repeat(64)}\n`);
  const specials = specialFiles(folder);
  const totals = new Totals();
  for (let at = 0; at < seeds; at++) {
    const world = new World({ folder, specials, totals }, seed + at);
    try {
      await world.play();
    } catch (error) {
      if (process.env.KEEP === undefined) throw error;
      context.diagnostic(world.root);
      throw error;
    } finally {
      world.close();
    }
  }
  totals.tell(context);
  assert.ok(totals.own > 2 * totals.left, 'too much is left to csync2 to prove anything');
});

/** Sums over all seeds. */
class Totals {
  own = 0;
  left = 0;
  ownMilliseconds = 0;
  programMilliseconds = 0;
  programPaths = 0;
  rows = 0;
  readonly reasons = new Map<string, number>();

  tell(context: TestContext): void {
    const [own, program] = [
      this.ownMilliseconds / this.own,
      this.programMilliseconds / this.programPaths,
    ];
    context.diagnostic(
      JSON.stringify({
        ...{ SEED: seed, seeds, paths: this.own, left: Object.fromEntries(this.reasons) },
        ...{ rows: this.rows, ownMsPerPath: own.toFixed(3), csync2MsPerPath: program.toFixed(3) },
        ratio: (program / own).toFixed(1),
      }),
    );
  }
}

/** What all seeds have in common. */
interface Shared {
  readonly folder: string;
  /** A file of each kind that only a process can make. */
  readonly specials: readonly string[];
  readonly totals: Totals;
}

/** One seed: a configuration, a tree, and a database for each side. */
class World {
  readonly root: string;
  readonly #where: string;
  readonly #random: Random;
  readonly #config: string;
  readonly #tree: ChangingTree;
  readonly #totals: Totals;
  readonly #ours: Side;
  readonly #theirs: Side;

  constructor({ folder, specials, totals }: Shared, number: number) {
    this.#random = new Random(number * 1_000_003);
    this.#totals = totals;
    this.root = join(folder, `world-${number}`);
    mkdirSync(join(this.root, 'etc'), { recursive: true });
    const root = join(this.root, 'tree');
    this.#config = randomConfig(this.#random, root, folder);
    this.#where = `SEED=${number} SEEDS=1\n${this.#config}`;
    writeFileSync(join(this.root, 'etc/csync2.cfg'), this.#config, 'latin1');
    // As they were for the first seed.
    for (const file of specials) {
      chmodSync(file, 0o644);
      chownSync(file, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
      utimesSync(file, 1, 1);
    }
    this.#tree = new ChangingTree(this.#random, root, specials);
    this.#ours = new Side(this.root, 'ours');
    this.#theirs = new Side(this.root, 'theirs');
  }

  async play(): Promise<void> {
    const random = this.#random;
    const begin = random.pick([
      ['-H'],
      ['-cr', '/'],
      ['-cIr', this.#tree.root],
      ['-cr', this.#tree.root],
    ]);
    if (!this.#ours.csync2(begin)) return;
    this.#unsettle();
    this.#theirs.takeOver(this.#ours);
    for (let round = 0; round < rounds; round++) {
      const paths = this.#tree.change(1 + random.below(12));
      // One after another, so that a link above is met by one path alone.
      await this.#compare(random.chance(12) ? '-m' : '-c', paths, `${this.#where}round ${round}\n`);
    }
  }

  /** Rows as time leaves them: sent, forced, of peers that are no more, strangely written. */
  #unsettle(): void {
    const random = this.#random;
    this.#ours.write((database) => {
      if (random.chance(50)) database.exec('DELETE FROM dirty WHERE rowid % 3 = 0');
      if (random.chance(20)) database.exec('UPDATE dirty SET forced = 1 WHERE rowid % 5 = 0');
      if (random.chance(20)) database.exec('DELETE FROM file WHERE rowid % 7 = 0');
      if (random.chance(10))
        database.exec(
          "UPDATE file SET checktxt = replace(checktxt, '%3A', '%3a') WHERE rowid % 2 = 0",
        );
      if (random.chance(10))
        database.exec("INSERT INTO dirty SELECT filename, 0, 'me', 'gone' FROM file LIMIT 5");
      if (random.chance(10))
        database.exec("UPDATE file SET checktxt = checktxt || '0' WHERE rowid % 4 = 0");
      if (random.chance(30)) {
        const insert = database.prepare("INSERT INTO file VALUES (CAST(? AS TEXT), 'v1')");
        // Of what csync2.cfg does not select any more.
        for (const path of this.#tree.paths().filter(() => random.chance(30)))
          insert.run(encodeName(bytes(path)));
        for (const top of ['t', 'u', 'v'])
          insert.run(encodeName(bytes(`${this.#tree.root}/${top}`)));
      }
      if (random.chance(4)) database.exec("INSERT INTO action VALUES ('/x', 'true', '/dev/null')");
    });
  }

  async #compare(mode: '-c' | '-m', paths: readonly string[], where: string): Promise<void> {
    const request = { mode, recursive: false, paths: paths.map(bytes) };
    const totals = this.#totals;
    let left = 0;
    const auto = new AutoCheck({
      own: this.#ours.own,
      program: this.#ours.program,
      onChecked: (count) => {
        totals.own += count;
      },
      onFallback(reason, count) {
        left += count;
        totals.reasons.set(reason, (totals.reasons.get(reason) ?? 0) + count);
      },
    });
    const began = performance.now();
    const ours = await auto.run(request);
    const middle = performance.now();
    const theirs = await this.#theirs.program.run(request);
    totals.left += left;
    totals.programMilliseconds += performance.now() - middle;
    totals.programPaths += paths.length;
    if (left === 0) totals.ownMilliseconds += middle - began;
    const shown = `${where}${mode} ${JSON.stringify(paths)}`;
    assert.equal(ours.result.outcome, theirs.result.outcome, shown);
    assert.deepEqual(markedBy(ours, left > 0), markedBy(theirs, left > 0), shown);
    // What is left to csync2 comes last: the numbers of rows differ then.
    const [one, other] = [this.#ours.dump(left === 0), this.#theirs.dump(left === 0)];
    assert.deepEqual(one, other, shown);
    totals.rows += one.length;
    if (left > 0) this.#theirs.takeOver(this.#ours);
  }

  close(): void {
    this.#ours.close();
    this.#theirs.close();
    if (process.env.KEEP === undefined) rmSync(this.root, { recursive: true, force: true });
  }
}

function markedBy({ marked }: CheckAnswer, isSorted: boolean): string[] {
  const keys = marked.map(toKey);
  return isSorted ? keys.sort() : keys;
}

/** A database, and the two ways to check paths in it. */
class Side {
  readonly own: OwnCheck;
  readonly program: PathCheck;
  readonly instance: Instance;
  readonly #file: string;
  readonly #ledger: Ledger;

  constructor(folder: string, name: string) {
    const database = join(folder, name);
    mkdirSync(database);
    this.#file = join(database, 'own.db3');
    this.instance = {
      ...{ program: 'csync2', systemDirectory: join(folder, 'etc'), hostName: 'own' },
      ...{ hostNameGiven: true, database, databaseGiven: true, extraOptions: [] },
    };
    const prefixes = activePrefixes(this.config);
    this.#ledger = new Ledger(this.#file, prefixes);
    this.own = new OwnCheck({ ledger: this.#ledger, rules: new CurrentRules(this.instance) });
    this.program = new ProgramCheck(new Runner(this.instance), prefixes);
  }

  get config() {
    const { systemDirectory, hostName } = this.instance;
    return loadConfig({ systemDirectory, hostName });
  }

  /** @returns whether csync2 did not end at the configuration */
  csync2(args: readonly string[]): boolean {
    const { systemDirectory, database = '' } = this.instance;
    try {
      execFileSync('csync2', ['-A', '-N', 'own', '-D', database, ...args], {
        ...{ env: { ...process.env, CSYNC2_SYSTEM_DIR: systemDirectory }, stdio: 'pipe' },
      });
    } catch (error) {
      return (error as { status: number }).status === 2;
    }
    return true;
  }

  write(change: (database: Database.Database) => void): void {
    const database = new Database(this.#file);
    change(database);
    database.close();
  }

  takeOver(other: Side): void {
    this.close();
    copyFileSync(other.#file, this.#file);
  }

  /** All rows of all tables. */
  dump(isNumbered: boolean): string[] {
    const database = new Database(this.#file, { readonly: true });
    try {
      return Object.entries(tables).flatMap(([table, columns]) => {
        const values = columns.map((column) => `typeof(${column}), hex(CAST(${column} AS BLOB))`);
        const rows = database
          .prepare(`SELECT ${isNumbered ? 'rowid' : '0'}, ${values.join(', ')} FROM ${table}`)
          .raw()
          .all() as unknown[][];
        return rows.map((row) => `${table} ${row.map(shown).join(' ')}`).sort();
      });
    } finally {
      database.close();
    }
  }

  close(): void {
    this.#ledger.close();
  }
}

function shown(value: unknown, at: number): string {
  return at === 0 || at % 2 === 1 ? String(value) : toKey(Buffer.from(String(value), 'hex'));
}

const tables = {
  file: ['filename', 'checktxt'],
  dirty: ['filename', 'forced', 'myname', 'peername'],
  hint: ['filename', 'recursive'],
  action: ['filename', 'command', 'logfile'],
  x509_cert: ['peername', 'certdata'],
};

/** A file of each kind that only a process can make; devices where that is allowed. */
function specialFiles(folder: string): string[] {
  const directory = join(folder, 'special');
  mkdirSync(directory);
  const made = ['fifo', 'char', 'block', 'big', 'socket'].map((name) => join(directory, name));
  const [fifo, char, block, big, socket] = made;
  execFileSync('sh', [
    '-c',
    `mkfifo ${fifo}
     mknod ${char} c 1 3 && mknod ${block} b 7 200 && mknod ${big} c 4095 1048575
     python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' ${socket}`,
  ]);
  return made.filter((path) => existsSync(path));
}
