import type { LimitAssessment } from '../../../../limits/index.js';
import { sysctlName } from '../../../../limits/index.js';
import type { HostWarning } from './warning.js';

/** Warns of limits that are too low for the trees, now or after the next boot. */
export function limitWarnings({ limits, lowered }: LimitAssessment): HostWarning[] {
  const tooLow = limits
    .filter(({ enough }) => !enough)
    .map(
      ({ name, current, needed }): HostWarning => ({
        kind: 'limit',
        text: `${sysctlName(name)} is ${current}, ${needed} are needed by us and the other programs of this user`,
        hint: 'run: inotify-csync watch-limit --apply',
        place: `/proc/sys/fs/inotify/${name}`,
      }),
    );
  const needs = new Map(limits.map(({ name, needed }) => [name, needed]));
  const willBe = lowered
    .filter(({ name, value }) => value < (needs.get(name) ?? 0))
    .map(
      ({ name, value, file, line }): HostWarning => ({
        kind: 'limit',
        text: `${sysctlName(name)} will be ${value} at the next boot, which is too low`,
        hint: 'remove the line',
        place: `${file}:${line}`,
      }),
    );
  return [...tooLow, ...willBe];
}
