import { execFile } from 'node:child_process';
import type { AutoMethod, Place } from '../../../../csync2/cfg/index.js';
import type { HostWarning } from './warning.js';

export interface ClockFacts {
  /** The groups of this host that let times decide. */
  readonly groups: readonly {
    readonly name: string;
    readonly auto: AutoMethod;
    readonly place: Place;
  }[];
  /** Whether NTP keeps the kernel's clock; undefined if that is unknown. */
  readonly isSynchronized: boolean | undefined;
  /**
   * The file whose time lies furthest ahead of this clock. It shows that another clock is ahead.
   */
  readonly ahead: { readonly name: string; readonly seconds: number } | undefined;
}

/**
 * Warns of clocks that differ. With `auto younger` and `auto older` the times of files decide which
 * side wins, so all clocks must agree.
 */
export function clockWarnings({ groups, isSynchronized, ahead }: ClockFacts): HostWarning[] {
  const deciding = groups.filter(({ auto }) => auto === 'younger' || auto === 'older');
  const [first] = deciding;
  if (!first) return [];
  const place = `${first.place.file}:${first.place.line}`;
  const rule = `group ${first.name} lets times decide (auto ${first.auto})`;
  const warnings: HostWarning[] = [];
  if (isSynchronized === false) {
    warnings.push({
      kind: 'clock',
      text: `${rule}, but this host's clock is not kept by NTP`,
      hint: 'install chrony or systemd-timesyncd, on every host',
      place,
    });
  }
  if (ahead) {
    warnings.push({
      kind: 'clock',
      text: `${rule}, and ${ahead.name} has a time that is ${Math.round(ahead.seconds)} s ahead of this host's clock`,
      hint: 'compare the clocks of the hosts (`date` on each), then touch the file',
      place,
    });
  }
  return warnings;
}

/**
 * Asks timedatectl(1), which reads the kernel's own flag (adjtimex(2)), regardless of the program
 * that keeps the clock.
 */
export function readSynchronized(): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const words = ['show', '--property=NTPSynchronized', '--value'];
    execFile('timedatectl', words, { timeout: 3000 }, (error, stdout) => {
      const answer = stdout.trim();
      resolve(error || (answer !== 'yes' && answer !== 'no') ? undefined : answer === 'yes');
    });
  });
}
