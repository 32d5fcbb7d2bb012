import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Whether a process holds a listening TCP socket (proc_net_tcp(5)). */
export function ownsListeningSocket(pid: number): boolean {
  const listening = new Set(listeners().map((socket) => socket.inode));
  return socketInodes(pid).some((inode) => listening.has(inode));
}

/** ` by NAME (pid N)` for the process that listens on a port, as far as we may see it; else an empty text. */
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
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => socketInodes(pid).some((inode) => wanted.has(inode)));
}

/** Whether a process holds a connection that somebody made to a port. */
export function servesConnection(pid: number, port: number): boolean {
  const connections = new Set(
    sockets()
      .filter((socket) => socket.port === port && socket.state !== listenState)
      .map((socket) => socket.inode),
  );
  return socketInodes(pid).some((inode) => connections.has(inode));
}

/**
 * The processes of a session (setsid(2)) but for its leader, and for those that have ended and that nobody has waited for.
 * A csync2 server that we start leads one.
 */
export function membersOfSession(leader: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      if (pid === leader) return false;
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(session) === leader && state !== 'Z';
      } catch {
        // Gone meanwhile.
        return false;
      }
    });
}

interface TcpSocket {
  /** Of this side. */
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
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`));
      return target ? [target[1] as string] : [];
    });
  } catch {
    // Gone, or not ours to look into.
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a process';
  }
}

const listenState = '0A';
