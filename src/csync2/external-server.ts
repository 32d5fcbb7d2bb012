import { readdirSync, readFileSync } from 'node:fs';

/**
 * Pids of the csync2 processes that serve a session although we did not start their server: children of a
 * `csync2 -ii`, and whatever inetd or systemd started as `csync2 -i`.
 */
export function externalSessions(): number[] {
  const servers = new Map<number, Process>();
  for (const entry of readdirSync('/proc')) {
    const found = /^\d+$/.test(entry) ? readProcess(Number(entry)) : undefined;
    if (found && found.serverMode !== undefined) servers.set(found.pid, found);
  }
  return [...servers.values()]
    .filter((server) => server.serverMode === 'inetd' || servers.has(server.parent))
    .map((server) => server.pid);
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly serverMode: 'inetd' | 'standalone' | undefined;
}

function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name is in parentheses and may hold anything, even parentheses.
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    if (name !== 'csync2') return undefined;
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const args = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(1);
    return { pid, parent, serverMode: serverModeOf(args) };
  } catch {
    // Gone meanwhile.
    return undefined;
  }
}

function serverModeOf(args: readonly string[]): Process['serverMode'] {
  const letters = args.filter((argument) => /^-[A-Za-z]+$/.test(argument)).join('');
  const count = letters.split('i').length - 1;
  return count === 0 ? undefined : count === 1 ? 'inetd' : 'standalone';
}
