import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Whether a process holds a listening TCP socket (proc_net_tcp(5)). */
export function ownsListeningSocket(pid: number): boolean {
  const listening = new Set(listeners().map((socket) => socket.inode));
  return socketInodes(pid).some((inode) => listening.has(inode));
}

/** ` by NAME (pid N)` for the process that listens on a port, as far as we may see it; else an empty text. */
export function holderOf(port: number): string {
  const wanted = new Set(
    listeners()
      .filter((socket) => socket.port === port)
      .map((socket) => socket.inode),
  );
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    if (socketInodes(Number(entry)).some((inode) => wanted.has(inode))) {
      return ` by ${nameOf(entry)} (pid ${entry})`;
    }
  }
  return '';
}

/** The processes of a session (setsid(2)) but for its leader. A csync2 server that we start leads one. */
export function membersOfSession(leader: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      if (pid === leader) return false;
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) === leader;
      } catch {
        // Gone meanwhile.
        return false;
      }
    });
}

function listeners(): { port: number; inode: string }[] {
  const found = [];
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readTable(table)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] !== listenState) continue;
      found.push({ port: Number.parseInt(fields[1]?.split(':')[1] ?? '', 16), inode: fields[9] ?? '' });
    }
  }
  return found;
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

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a process';
  }
}

const listenState = '0A';
