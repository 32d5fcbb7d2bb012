import { allProcesses, statOfProcess, wordsOfProcess } from '../../proc/process.js';

/**
 * Pids of the csync2 processes that serve a session although we did not start their server, namely
 * children of a `csync2 -ii`, and processes that inetd or systemd started as `csync2 -i`.
 */
export function externalSessions(): number[] {
  const servers = new Map<number, Process>();
  for (const pid of allProcesses()) {
    const found = readProcess(pid);
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
  const stat = statOfProcess(pid);
  if (stat?.name !== 'csync2') return undefined;
  return {
    pid,
    parent: stat.parent,
    serverMode: serverModeOf(wordsOfProcess(pid)?.slice(1) ?? []),
  };
}

function serverModeOf(args: readonly string[]): Process['serverMode'] {
  const letters = args.filter((argument) => /^-[A-Za-z]+$/.test(argument)).join('');
  const count = letters.split('i').length - 1;
  return count === 0 ? undefined : count === 1 ? 'inetd' : 'standalone';
}
