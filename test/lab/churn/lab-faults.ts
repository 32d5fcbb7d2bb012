/** Strikes the hosts of a laboratory: kills, cuts, fills and stops. */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, signalProcess, wordsOf } from '../../support/cluster-namespaces.js';
import type { Lab } from '../../support/lab.js';
import type { Blow, Striker, Struck } from './faults.js';

const unit = 'inotify-csync';
/** Bytes of the largest file system that is filled. */
const smallDisk = 64 << 20;

/** A host as it is struck. */
export interface StruckHost {
  readonly number: number;
  /** Its leader is the pid of its init. */
  readonly node: { readonly leader: number };
  /** The synchronised tree in the host, and from here. */
  readonly seen: string;
  readonly tree: string;
}

export class LabStriker implements Striker {
  readonly #lab: Lab;
  readonly #hosts: readonly StruckHost[];

  constructor(lab: Lab, hosts: readonly StruckHost[]) {
    this.#lab = lab;
    this.#hosts = hosts;
  }

  async strike(blow: Blow, pause: (host: number) => () => void): Promise<Struck> {
    const host = this.#hosts[blow.host];
    if (!host) return 'nothing to strike';
    switch (blow.kind) {
      case 'kill daemon':
        return kill(daemonOf(host));
      case 'kill client':
        return killSoon(() => clientsOf(daemonOf(host)));
      case 'kill server':
        return killSoon(() => serversOf(daemonOf(host)));
      case 'kill session':
        return killSoon(() => serversOf(daemonOf(host)).flatMap(childrenOf));
      case 'restart':
      case 'reload':
        await this.#lab.run(host.number, 'systemctl', blow.kind, unit);
        return 'hit';
      case 'cut':
        return this.#link('cut', blow);
      case 'black hole':
        return this.#link('blackhole', blow);
      case 'full queue':
        return fill(host, `/var/lib/${unit}`, blow.lasts);
      case 'full private databases':
        return fill(host, `/run/${unit}`, blow.lasts);
      case 'full database':
        return fill(host, '/var/lib/csync2', blow.lasts);
      case 'full tree':
        return whilePaused(pause(blow.host), () => fill(host, `${host.seen}/outside`, blow.lasts));
      case 'overflow':
        return overflow(host, blow.lasts);
      case 'memory':
        return squeeze(host, blow.lasts);
    }
  }

  async #link(how: 'cut' | 'blackhole', { host, lasts }: Blow): Promise<Struck> {
    await this.#lab.link(how, host + 1);
    await sleep(lasts).finally(() => this.#lab.link('heal', host + 1));
    return 'hit';
  }
}

/** The daemon's pid on this machine; undefined while none runs. */
function daemonOf({ node }: StruckHost): number | undefined {
  const found: number[] = [];
  const look = (pid: number) => {
    if (wordsOf(pid).some((word) => word.endsWith('/dist/cli/main.js'))) found.push(pid);
    else for (const child of childrenOf(pid)) look(child);
  };
  look(node.leader);
  return found[0];
}

function csync2Of(daemon: number | undefined): readonly number[] {
  if (daemon === undefined) return [];
  const below = (pid: number): number[] =>
    childrenOf(pid).flatMap((child) => [child, ...below(child)]);
  return below(daemon).filter((pid) => basename(wordsOf(pid)[0] ?? '') === 'csync2');
}

/** A session is a child of the server, with the same words. */
function serversOf(daemon: number | undefined): readonly number[] {
  return daemon === undefined ? [] : childrenOf(daemon).filter(isServer);
}

function clientsOf(daemon: number | undefined): readonly number[] {
  return csync2Of(daemon).filter((pid) => !isServer(pid));
}

function isServer(pid: number): boolean {
  return wordsOf(pid).includes('-ii');
}

function kill(pid: number | undefined): Struck {
  if (pid === undefined) return 'nothing to strike';
  signalProcess(pid, 'SIGKILL');
  return 'hit';
}

/** Kills the first process that shows up within some seconds. */
async function killSoon(find: () => readonly number[]): Promise<Struck> {
  for (const end = Date.now() + 4000; Date.now() < end; await sleep(1)) {
    const [pid] = find();
    if (pid !== undefined) return kill(pid);
  }
  return 'nothing to strike';
}

/**
 * Fills a small file system of the host's own to the last byte, and frees it again. Never one that
 * others use, too.
 */
async function fill(host: StruckHost, directory: string, lasts: number): Promise<Struck> {
  const path = join(`/proc/${host.node.leader}/root`, directory, '.fill');
  const file = openSync(path, 'w');
  try {
    // Of the open file: what is mounted there may change meanwhile.
    if (!isSmallDisk(`/proc/self/fd/${file}`)) return 'not possible';
    for (let size = 1 << 20; size >= 512 && fstatSync(file).size <= smallDisk; ) {
      try {
        if (writeSync(file, Buffer.alloc(size)) < size) size >>= 1;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size >>= 1;
      }
    }
    await sleep(lasts);
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  return 'hit';
}

/** Whether a path lies on a tmpfs that is small enough to be filled. */
function isSmallDisk(path: string): boolean {
  const tmpfs = 0x01021994;
  const { type, bsize, blocks } = statfsSync(path);
  return type === tmpfs && bsize * blocks <= smallDisk;
}

async function whilePaused<T>(release: () => void, action: () => Promise<T>): Promise<T> {
  try {
    // An operation that has begun is finished by then.
    await sleep(500);
    return await action();
  } finally {
    release();
  }
}

/** More events than the kernel's queue holds, while nobody reads it. */
async function overflow(host: StruckHost, lasts: number): Promise<Struck> {
  const daemon = daemonOf(host);
  if (daemon === undefined) return 'nothing to strike';
  const room = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'latin1'));
  signalProcess(daemon, 'SIGSTOP');
  try {
    const folder = join(host.tree, `flood-${host.number}`);
    mkdirSync(folder, { recursive: true });
    // Two events each, and equal ones in a row count once.
    for (let index = 0; index < room / 2 + 1000; index++) {
      const path = join(folder, String(index % 7));
      closeSync(openSync(path, 'w'));
      unlinkSync(path);
      if (index % 500 === 0) await sleep(1);
    }
    rmSync(folder, { recursive: true });
    await sleep(lasts);
  } finally {
    signalProcess(daemon, 'SIGCONT');
  }
  return 'hit';
}

const memory = '/sys/fs/cgroup/memory';

/**
 * Leaves the daemon, and what it starts meanwhile, some megabytes for what they still want to have.
 */
async function squeeze(host: StruckHost, lasts: number): Promise<Struck> {
  const daemon = daemonOf(host);
  if (!existsSync(`${memory}/memory.limit_in_bytes`)) return 'not possible';
  if (daemon === undefined) return 'nothing to strike';
  const before =
    /^\d+:memory:(.*)$/m.exec(readFileSync(`/proc/${daemon}/cgroup`, 'latin1'))?.[1] ?? '/';
  const group = `${memory}/ics-churn-${process.pid}-${host.number}`;
  mkdirSync(group, { recursive: true });
  writeFileSync(`${group}/memory.limit_in_bytes`, String(8 << 20));
  try {
    for (const pid of [daemon, ...childrenOf(daemon)]) enter(group, pid);
    await sleep(lasts);
  } finally {
    writeFileSync(`${group}/memory.limit_in_bytes`, '-1');
    const stay = () => readFileSync(`${group}/cgroup.procs`, 'latin1').split('\n').filter(Boolean);
    for (let attempt = 0; attempt < 200 && stay().length > 0; attempt++) {
      for (const pid of stay()) enter(memory + before, Number(pid));
      await sleep(10);
    }
    rmdirSync(group);
  }
  return 'hit';
}

/** A process that has ended meanwhile needs no group. */
function enter(group: string, pid: number): void {
  try {
    writeFileSync(`${group}/cgroup.procs`, String(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
