import { readFileSync } from 'node:fs';
import { allProcesses, openFilesOf, statOfProcess } from './process.js';

/** Whether a process holds a listening TCP socket (proc_net_tcp(5)). */
export function ownsListeningSocket(pid: number): boolean {
  const listening = new Set(listeners().map((socket) => socket.inode));
  return socketInodes(pid).some((inode) => listening.has(inode));
}

/**
 * ` by NAME (pid N)` for the process that listens on a port, as far as we may see it; else an empty
 * text.
 */
export function holderOf(port: number): string {
  const [pid] = holdersOf(port);
  return pid === undefined ? '' : ` by ${nameOf(pid)} (pid ${pid})`;
}

/** The processes that hold a listening socket of a port, as far as we may see them. */
export function holdersOf(port: number): number[] {
  const wanted = new Set(
    listeners()
      .filter((socket) => socket.port === port)
      .map((socket) => socket.inode),
  );
  return allProcesses().filter((pid) => socketInodes(pid).some((inode) => wanted.has(inode)));
}

/** Whether a process holds a connection that a client made to a port. */
export function servesConnection(pid: number, port: number): boolean {
  const connections = new Set(
    sockets()
      .filter((socket) => socket.port === port && socket.state !== listenState)
      .map((socket) => socket.inode),
  );
  return socketInodes(pid).some((inode) => connections.has(inode));
}

/**
 * The processes of a session (setsid(2)), without its leader, and without those that have ended and
 * are not collected yet. A csync2 server that we start leads a session.
 */
export function membersOfSession(leader: number): number[] {
  return allProcesses().filter((pid) => {
    if (pid === leader) return false;
    const stat = statOfProcess(pid);
    return stat?.session === leader && stat.state !== 'Z';
  });
}

interface TcpSocket {
  /** The port of this side. */
  readonly port: number;
  readonly state: string;
  readonly inode: string;
}

function listeners(): TcpSocket[] {
  return sockets().filter((socket) => socket.state === listenState);
}

function sockets(): TcpSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    readTable(table).map((line) => {
      const fields = line.trim().split(/\s+/);
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      return { port, state: fields[3] ?? '', inode: fields[9] ?? '' };
    }),
  );
}

function readTable(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1);
  } catch {
    // A kernel without IPv6 has no tcp6.
    return [];
  }
}

function socketInodes(pid: number): string[] {
  return [...openFilesOf(pid).values()].flatMap(
    (target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [],
  );
}

function nameOf(pid: number): string {
  return statOfProcess(pid)?.name ?? 'a process';
}

const listenState = '0A';
