/** A churn on real systemd hosts: {@link Lab}. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { askDaemon, NotRunningError } from '#src/observe/control-client.js';
import type { Status } from '#src/observe/status.js';
import { controlSocket } from '#src/state/run-files.js';
import { mustRun } from '../../support/command.js';
import { Lab, type LabNode } from '../../support/lab.js';
import {
  type ChurnCluster,
  type ChurnHost,
  filesFoundBy,
  type HostStatus,
  type JournalEntry,
} from './hosts.js';
import { LabStriker } from './lab-faults.js';

const data = '/srv/data';
const unit = 'inotify-csync';

export interface LabOptions {
  readonly logLevel: string;
  /** The setting of the daemons; csync2 unless told otherwise. */
  readonly checker?: string;
  /** Whether trees, queue and databases lie on file systems that can be filled. */
  readonly smallDisks: boolean;
}

export class LabCluster implements ChurnCluster {
  readonly lab: Lab;
  readonly hosts: readonly LabHost[];
  readonly striker: LabStriker;
  readonly #options: LabOptions;

  private constructor(lab: Lab, options: LabOptions) {
    this.lab = lab;
    this.#options = options;
    this.hosts = lab.nodes.map((node) => new LabHost(lab, node));
    this.striker = new LabStriker(lab, this.hosts);
  }

  /** Boots so many hosts; {@link reset} makes them work. */
  static async boot(nodes: number, options: LabOptions): Promise<LabCluster> {
    return new LabCluster(await Lab.boot(nodes), options);
  }

  async reset(auto: 'none' | 'younger'): Promise<void> {
    await this.lab.configure('--auto', auto, `exclude ${data}/outside;`);
    await Promise.all(
      this.hosts.map(async ({ node }) => {
        writeFileSync(`/proc/${node.leader}/root/etc/inotify-csync.toml`, settings(this.#options));
        await this.lab.bash(node.number, this.#options.smallDisks ? clean + shrinkDisks : clean);
      }),
    );
    await this.lab.start();
    await this.lab.waitFor('all to be quiet after the start', async () => {
      const states = await Promise.all(this.hosts.map((host) => host.status()));
      return states.every((status) => status?.quiet && status.healthy);
    });
  }

  async fullCheck(): Promise<number> {
    const ask = (host: LabHost) => this.lab.mustRun(host.number, unit, 'check');
    const found = await Promise.all(this.hosts.map((host) => filesFoundBy(host, () => ask(host))));
    return found.reduce((sum, files) => sum + files, 0);
  }

  async down(): Promise<void> {
    await this.lab.down();
  }

  leave(): Promise<string> {
    return this.lab.keep();
  }
}

export class LabHost implements ChurnHost {
  readonly node: LabNode;
  readonly seen = data;
  readonly #lab: Lab;

  constructor(lab: Lab, node: LabNode) {
    this.#lab = lab;
    this.node = node;
  }

  get number(): number {
    return this.node.number;
  }

  get name(): string {
    return this.node.name;
  }

  get tree(): string {
    return this.#path(data);
  }

  get outside(): string {
    return this.#path(`${data}/outside`);
  }

  get enter(): readonly string[] {
    return ['nsenter', '--target', String(this.node.leader), '--mount', '--'];
  }

  async status(): Promise<HostStatus | undefined> {
    try {
      const answer = await askDaemon(controlSocket(this.#path(`/run/${unit}`)), {
        command: 'status',
      });
      return hostStatus(answer as Status);
    } catch (error) {
      if (error instanceof NotRunningError) return undefined;
      throw error;
    }
  }

  async journal(since: number): Promise<readonly JournalEntry[]> {
    const text = await this.#lab.mustRun(this.number, ...journalctl(since), '--output=json');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => journalEntry(JSON.parse(Buffer.from(line, 'latin1').toString('utf8'))));
  }

  async logs(since: number): Promise<Record<string, string>> {
    const journal = await this.#lab.mustRun(
      this.number,
      ...journalctl(since),
      '--output=short-precise',
    );
    const csync2 = await mustRun(['cat', this.#path(`/var/log/${unit}/csync2.log`)]).catch(String);
    const columns = 'pid,ppid,etimes,stat,wchan:30,args';
    const processes = await this.#lab.mustRun(this.number, 'ps', '-e', '-o', columns);
    const traces = await mustRun(['cat', this.#path(`/var/log/${unit}/csync2.log.traces`)]).catch(
      String,
    );
    return { journal, csync2, traces, processes, notes: notesIn(this.#path('/var/lib/csync2')) };
  }

  #path(path: string): string {
    return `/proc/${this.node.leader}/root${path}`;
  }
}

/** What csync2 has noted and what is pending, as text. */
function notesIn(directory: string): string {
  const lines: string[] = [];
  for (const file of readdirSync(directory).filter((name) => /\.db3?$/.test(name))) {
    // Read first: SQLite would follow /proc/PID/root, which is / for whoever looks.
    const database = new Database(readFileSync(join(directory, file)));
    for (const table of ['dirty', 'file']) {
      for (const row of database
        .prepare(`SELECT rowid, * FROM ${table}`)
        .raw()
        .iterate() as Iterable<unknown[]>)
        lines.push(`${table} ${row.map(String).join(' ')}\n`);
    }
    database.close();
  }
  return lines.join('');
}

/** What follows, in the terms of a churn, from a daemon's answer. */
export function hostStatus(status: Status): HostStatus {
  const { state, queue, peers, server, deferred } = status;
  const pending = peers.map((peer) => peer.pending);
  const onHold = [
    ...peers.flatMap((peer) =>
      peer.on_hold.map(({ path, reason }) => ({ path: bytesOf(path), reason })),
    ),
    ...deferred.map((each) => ({ path: '', reason: JSON.stringify(each) })),
  ];
  const idle =
    state === 'idle' &&
    queue.depth === 0 &&
    status.full_check_due === null &&
    server.sessions.length === 0;
  return {
    healthy: status.health === 'healthy',
    problems: status.problems.map((problem) =>
      typeof problem === 'string' ? problem : JSON.stringify(problem),
    ),
    quiet:
      idle &&
      peers.every((peer) => peer.state === 'idle' && (peer.pending === 0 || peer.pending === null)),
    resting:
      idle &&
      peers.every(
        (peer) => peer.state !== 'updating' && (peer.pending ?? 0) <= peer.on_hold.length,
      ),
    pending: pending.includes(null)
      ? null
      : pending.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    onHold,
    detectedLate: status.detected_late.count,
    raw: status,
  };
}

/** The path as it is: a status has each byte that could be misread as %XX. */
function bytesOf(shown: string): string {
  return shown.replace(/%([0-9A-Fa-f]{2})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** Fields of a journal's entry that are no text are lists of bytes. */
function journalEntry(entry: Record<string, unknown>): JournalEntry {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(entry)) {
    fields[name] = Array.isArray(value)
      ? Buffer.from(value as number[]).toString('latin1')
      : String(value);
  }
  return {
    time: Number(fields.__REALTIME_TIMESTAMP) / 1000,
    message: fields.MESSAGE ?? '',
    fields,
  };
}

function journalctl(since: number): string[] {
  return [
    'journalctl',
    `--unit=${unit}`,
    '--no-pager',
    '--quiet',
    `--since=@${(since / 1000).toFixed(6)}`,
  ];
}

/**
 * No full check by the clock or by the number of changes: what the watcher misses shall stay
 * missing.
 */
function settings({ checker = 'csync2', logLevel }: LabOptions): string {
  return `full_sync_interval = 0\nlog_level = "${logLevel}"\nchecker = "${checker}"\n`;
}

/** Killed and not stopped: a stop waits for csync2, and what was in hand is thrown away. */
const clean = `
  systemctl kill --kill-who=all -s KILL ${unit} 2>/dev/null || true
  systemctl stop ${unit} 2>/dev/null || true
  systemctl reset-failed ${unit} 2>/dev/null || true
  while read -r _ _ _ _ point _; do
    case $point in ${data}/*) umount -l "$(printf %b "$point")" || true;; esac
  done < <(tac /proc/self/mountinfo)
  find ${data} -mindepth 1 -delete
  rm -rf /var/lib/csync2/* /var/lib/${unit}/* /var/log/${unit}/*
  mkdir -p ${data}/outside
`;

/**
 * In the host's own namespace of mounts. That something is mounted there is not enough: the data is
 * a folder of this machine, bound into the host. Where it can't be done, nothing is filled.
 */
const shrinkDisks = `
  small() {
    mkdir -p "$1"
    findmnt --noheadings --output SOURCE --mountpoint "$1" | tail -n 1 | grep -qx small ||
      mount -t tmpfs -o "mode=$3,size=$2" small "$1" || true
  }
  small ${data} 64m 0755; mkdir -p ${data}/outside
  small /var/lib/${unit} 4m 0700
  small /run/${unit} 16m 0700
  small /var/lib/csync2 64m 0755
`;
