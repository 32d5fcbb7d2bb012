import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Ledger } from '#src/csync2/database/ledger.js';
import type { PathPrefix } from '#src/csync2/files/name-encoding.js';
import { type Instance, instanceArguments } from '#src/csync2/run/instance.js';
import { CheckRecord } from '#src/sync/check/torn/check-record.js';
import { TornChecks } from '#src/sync/check/torn/torn-checks.js';

/** How a test's nodes are set up. */
export interface ClusterOptions {
  /** 1 to 3. */
  readonly nodes?: number;
  /** Further lines of csync2.cfg, outside the group. */
  readonly settings?: string;
  /** Further lines of its group. */
  readonly rules?: string;
  /**
   * Whether the tree is included by a prefix, so that each node has its own on this one machine.
   * Without one the paths are real, and there is nothing to push to: for tests of checks alone.
   */
  readonly prefix?: boolean;
}

/**
 * Real csync2 nodes on 127.0.0.2, .3, .4 with a tree, a system directory and a database each, and
 * one free port. All is in a folder of its own; after the test every server is killed by its pid
 * and the folder removed.
 */
export async function makeCluster(
  context: TestContext,
  options: ClusterOptions = {},
): Promise<CsyncNode[]> {
  const folder = mkdtempSync(join(tmpdir(), 'csync2-test-'));
  const names = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
  const port = String(await freePort(names));
  const key = join(folder, 'key');
  writeFileSync(key, `${'k'.repeat(64)}\n`, { mode: 0o600 });
  const used = names.slice(0, options.nodes ?? 2);
  const nodes = used.map((name) => new CsyncNode(folder, name, port, options.prefix ?? true));
  context.after(async () => {
    for (const node of nodes) await node.end();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const node of nodes) {
    const include = options.prefix === false ? node.root : '%data%';
    const places = nodes.map(({ name, root }) => `on ${name}: ${root};`).join(' ');
    const hosts = options.prefix === false ? names.slice(0, 2) : used;
    writeFileSync(
      join(node.systemDirectory, 'csync2.cfg'),
      `nossl * *;
${options.settings ?? ''}
${options.prefix === false ? '' : `prefix data { ${places} }`}
group g { host ${hosts.join(' ')}; key ${key}; include ${include}; ${options.rules ?? ''} auto none; }
`,
    );
    node.csync2('-cIr', '/');
  }
  return nodes;
}

/** One csync2 node of a test. */
export class CsyncNode {
  readonly name: string;
  /** The tree that is synchronised. */
  readonly root: string;
  readonly systemDirectory: string;
  readonly databaseDirectory: string;
  readonly databaseFile: string;
  /** What the server writes. */
  readonly logFile: string;
  readonly port: number;
  readonly instance: Instance;
  readonly prefixes: readonly PathPrefix[];
  readonly ledger: Ledger;
  #server: ChildProcess | undefined;

  constructor(folder: string, name: string, port: string, hasPrefix: boolean) {
    this.name = name;
    this.port = Number(port);
    this.root = join(folder, `data-${name}`);
    this.systemDirectory = join(folder, `etc-${name}`);
    this.databaseDirectory = join(folder, `db-${name}`);
    this.databaseFile = join(this.databaseDirectory, `${name}.db3`);
    this.logFile = join(folder, `log-${name}`);
    for (const directory of [this.root, this.systemDirectory, this.databaseDirectory])
      mkdirSync(directory);
    this.instance = {
      program: 'csync2',
      systemDirectory: this.systemDirectory,
      hostName: name,
      hostNameGiven: true,
      database: this.databaseDirectory,
      databaseGiven: true,
      port,
      extraOptions: [],
    };
    this.prefixes = hasPrefix ? [{ name: Buffer.from('data'), path: Buffer.from(this.root) }] : [];
    this.ledger = new Ledger(this.databaseFile, this.prefixes);
  }

  /** A path in the tree. */
  path(...parts: readonly string[]): Buffer {
    return Buffer.from(join(this.root, ...parts));
  }

  /** Writes a file in the tree, with the directories above it. */
  write(name: string, text: string): Buffer {
    const path = join(this.root, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return Buffer.from(path);
  }

  /** A file of the tree; undefined if there is none. */
  read(name: string): string | undefined {
    try {
      return readFileSync(join(this.root, name), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Runs csync2 on this node. Returns what it said; throws if its exit code is neither 0 nor 2. */
  csync2(...args: readonly string[]): string {
    const all = [...instanceArguments(this.instance), ...args];
    const env = { ...process.env, CSYNC2_SYSTEM_DIR: this.systemDirectory };
    try {
      return execFileSync(this.instance.program, all, {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: string };
      // "Nothing to list" is 2.
      if (status === 2) return stdout;
      throw error;
    }
  }

  /** Files pending for a peer, as the database names them without the prefix. */
  pendingFor(peer: CsyncNode): string[] {
    return this.ledger.pending
      .rows(peer.name, 1e6)
      .map((row) => row.encoded.toString('latin1').replace(/^%25data%25/, ''))
      .sort();
  }

  get serverPid(): number | undefined {
    return this.#server?.pid;
  }

  /** Starts the csync2 server of this node and waits until it listens. */
  async startServer(): Promise<void> {
    const log = openSync(this.logFile, 'a');
    this.#server = spawn('csync2', [...instanceArguments(this.instance), '-ii', '-t', '-v'], {
      env: { ...process.env, CSYNC2_SYSTEM_DIR: this.systemDirectory },
      stdio: ['ignore', log, log],
    });
    await until(() => listens(this.name, this.port), `the server of ${this.name} to listen`);
  }

  /** Kills the server and the sessions it serves. */
  async stopServer(): Promise<void> {
    const server = this.#server;
    if (server?.pid === undefined) return;
    this.#server = undefined;
    const sessions = sessionsOf(server.pid);
    const ended = new Promise((resolve) => server.once('exit', resolve));
    for (const pid of [server.pid, ...sessions]) {
      sendSignal(pid, 'SIGKILL');
    }
    if (server.exitCode === null && server.signalCode === null) await ended;
    await until(() => !listens(this.name, this.port), `the server of ${this.name} to end`);
  }

  /** Stops or continues the server and its sessions, as a host that hangs. */
  freeze(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = this.serverPid;
    if (pid === undefined) throw new Error('no server');
    for (const each of [pid, ...sessionsOf(pid)]) sendSignal(each, signal);
  }

  /**
   * What finds the marks that checks of this node have torn; with `record`, what an end of ours has
   * left there.
   */
  tornChecks(record = join(this.systemDirectory, 'check-record')): TornChecks {
    return new TornChecks({
      newest: (limit) => this.ledger.notes.newest(limit),
      record: new CheckRecord(record),
    });
  }

  /** Replaces the program by a shell script; `$@` are the arguments, `csync2` is the real one. */
  wrapProgram(script: string): Instance {
    const program = join(this.systemDirectory, 'wrapper');
    writeFileSync(program, `#!/bin/bash\n${script}\n`);
    chmodSync(program, 0o755);
    return { ...this.instance, program };
  }

  async end(): Promise<void> {
    this.ledger.close();
    if (this.#server) this.freeze('SIGCONT');
    await this.stopServer();
  }
}

/** Waits until something is so; after a minute it is an error. */
export async function until(isSo: () => boolean, what: string, seconds = 60): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The processes forked by a server. */
export function sessionsOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Whether somebody listens on an address (proc_net_tcp(5)); connecting would open a session. */
export function listens(address: string, port: number): boolean {
  const bytes = address.split('.').map(Number).reverse();
  const hex = Buffer.from(bytes).toString('hex').toUpperCase();
  const wanted = `${hex}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .some((line) => line.includes(` ${wanted} `) && / 0A /.test(line));
}

/**
 * A port that is free on all these addresses, below those given out to clients (ip(7),
 * ip_local_port_range).
 */
async function freePort(addresses: readonly string[]): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const free = await Promise.all(addresses.map((address) => isFree(address, port)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free port');
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, address, () => probe.close(() => resolve(true)));
  });
}
