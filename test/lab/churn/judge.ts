/** What is wrong with hosts and trees in the end. */
import { join } from 'node:path';
import { type ChurnCluster, type HostStatus, messageIds } from './hosts.js';
import { differenceText, type Fault, type FaultKind } from './outcome.js';
import type { Plan } from './plan.js';
import { type Difference, differencesOf, Reader, timeless } from './snapshot.js';
import type { Trees } from './trees.js';

/**
 * What differs between folders in which nobody works but their owners, and what the owners'
 * operations have made elsewhere. `folders` are below the tree; folder `index` is that of host
 * `index % hosts`, and its shadow lies in `shadows/index`.
 */
export function shadowDifferences(
  trees: Trees,
  shadows: string,
  folders: readonly string[],
): Difference[] {
  const all = trees.read();
  return folders.flatMap((folder, index) => {
    const below = `${folder}/`;
    const tree = [...(all[index % all.length] ?? [])].filter(([path]) => path.startsWith(below));
    const shadow = [...new Reader(join(shadows, `${index}`, 'in')).read()];
    return differencesOf(
      [new Map(tree), new Map(shadow.map(([path, entry]) => [below + path, entry]))],
      timeless,
    );
  });
}

/**
 * The fault that such differences make. `disturbed` operations had another result in the tree than
 * in its shadow.
 */
export function shadowFaults([first, ...more]: readonly Difference[], disturbed: number): Fault[] {
  if (!first) return [];
  const rest = `${more.length > 0 ? ` and ${more.length} more` : ''}; ${disturbed} operations had other results`;
  const text = `${differenceText(first)} (the tree | what the operations make)${rest}`;
  const paths = [first, ...more].slice(0, 3).map(({ path }) => path);
  return [{ kind: 'changed by others', sort: `${first.kind} ${first.type}`, text, paths }];
}

export function statusFaults(
  { hosts }: ChurnCluster,
  statuses: readonly (HostStatus | undefined)[],
): Fault[] {
  return statuses.flatMap((status, index): Fault[] => {
    const host = hosts[index];
    if (!host) return [];
    const fault = (kind: FaultKind, sort: string, text: string, path?: string): Fault => {
      const below = path?.startsWith(`${host.seen}/`) ? [path.slice(host.seen.length + 1)] : [];
      return { kind, sort, text: `${host.name}: ${text}`, paths: below };
    };
    if (!status) return [fault('not well', 'does not answer', 'it does not answer')];
    const held = new Map(status.onHold.map(({ path, reason }) => [reason, path]));
    const faults = [...held].map(([reason, path]) =>
      fault(
        'on hold',
        reason,
        `${JSON.stringify(path)} and ${status.onHold.length - 1} more`,
        path,
      ),
    );
    if (status.pending !== 0)
      faults.push(fault('pending', '', `${status.pending} changes are pending`));
    if (!status.healthy)
      faults.push(fault('not well', 'degraded', status.problems.slice(0, 3).join('; ')));
    else if (!status.quiet) faults.push(fault('not well', 'busy', 'it is still busy'));
    return faults;
  });
}

export async function journalFaults(
  { hosts }: ChurnCluster,
  { mode, blows }: Plan,
  since: number,
): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const host of hosts) {
    for (const { message, fields } of await host.journal(since)) {
      // A host that was struck may need one.
      if (fields.MESSAGE_ID === messageIds.fullCheckBegun && blows.length === 0)
        faults.push({
          kind: 'full check',
          sort: fields.REASON ?? '',
          text: `${host.name}: ${message}`,
          paths: [],
        });
      if (fields.MESSAGE_ID === messageIds.conflict && mode === 'own')
        faults.push({
          kind: 'false conflict',
          sort: '',
          text: `${host.name}: ${message}`,
          paths: [],
        });
    }
  }
  return faults;
}
