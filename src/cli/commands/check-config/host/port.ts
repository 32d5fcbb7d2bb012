import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { allProcesses, statOfProcess } from '../../../../proc/process.js';
import { holderOf } from '../../../../proc/sockets.js';
import type { HostWarning } from './warning.js';

export interface PortFacts {
  readonly port: number;
  /** `FILE:LINE` of the line of inetd.conf that starts csync2. */
  readonly inetdLine: string | undefined;
  readonly inetdRuns: boolean;
  /** The file of xinetd that enables csync2. */
  readonly xinetdFile: string | undefined;
  /** The link that starts csync2.socket at boot. */
  readonly socketLink: string | undefined;
  /** The link that starts csync2's init script at boot. */
  readonly initLink: string | undefined;
  /** ` by NAME (pid N)` for a foreign process that listens on the port, or empty. */
  readonly holder: string;
}

/** Warns of other servers on csync2's port, on a host whose server we run. */
export function portWarnings(facts: PortFacts): HostWarning[] {
  const { port, inetdLine, inetdRuns, xinetdFile, socketLink, initLink, holder } = facts;
  const warnings: HostWarning[] = [];
  const add = (text: string, hint: string, place: string) =>
    warnings.push({ kind: 'port', text, hint: `${hint}, or set server = "external"`, place });
  if (inetdLine !== undefined) {
    const when = inetdRuns
      ? 'and it runs: the port is taken'
      : 'it would take the port if it were started';
    add(
      `inetd serves csync2, ${when}`,
      'put a # before the line, then `systemctl reload inetd`',
      inetdLine,
    );
  }
  if (xinetdFile !== undefined)
    add('xinetd serves csync2', 'set `disable = yes` there and restart xinetd', xinetdFile);
  if (socketLink !== undefined) {
    add(
      'csync2.socket is started at boot',
      'run `systemctl disable --now csync2.socket`',
      socketLink,
    );
  }
  if (initLink !== undefined) {
    add(
      "csync2's init script is started at boot",
      'run `update-rc.d csync2 disable; service csync2 stop`',
      initLink,
    );
  }
  if (holder !== '') add(`TCP port ${port} is taken${holder}`, 'stop that program', '');
  return warnings;
}

/** Looks for other servers. `weRun`: our daemon runs, so the process that listens is its server. */
export function readPortFacts(port: number, weRun: boolean, root = ''): PortFacts {
  const inetd = `${root}/etc/inetd.conf`;
  const line = linesOf(inetd).findIndex((text) => /^\s*[^#\s].*\bcsync2\b/.test(text));
  const xinetd = `${root}/etc/xinetd.d/csync2`;
  const xinetdText = linesOf(xinetd);
  const isOff = xinetdText.some((text) => /^\s*disable\s*=\s*yes/.test(text));
  const link = `${root}/etc/systemd/system/sockets.target.wants/csync2.socket`;
  return {
    port,
    inetdLine: line < 0 ? undefined : `/etc/inetd.conf:${line + 1}`,
    inetdRuns: line >= 0 && runs(/^(open|x)?inetd$|^inetutils-inetd$/),
    xinetdFile: xinetdText.length > 0 && !isOff ? '/etc/xinetd.d/csync2' : undefined,
    socketLink: existsSync(link) ? link.slice(root.length) : undefined,
    initLink: initLinkIn(root),
    holder: weRun ? '' : holderOf(port),
  };
}

/**
 * The init script's link. `S` and a number before the name start it in that runlevel
 * (update-rc.d(8)).
 */
function initLinkIn(root: string): string | undefined {
  for (const level of [2, 3, 4, 5]) {
    const folder = `/etc/rc${level}.d`;
    if (!existsSync(`${root}${folder}`)) continue;
    const link = readdirSync(`${root}${folder}`).find((name) => /^S\d+csync2$/.test(name));
    if (link !== undefined) return `${folder}/${link}`;
  }
  return undefined;
}

function runs(name: RegExp): boolean {
  return allProcesses().some((pid) => name.test(statOfProcess(pid)?.name ?? ''));
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
