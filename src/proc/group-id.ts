import { readFileSync } from 'node:fs';

/**
 * The number of a group of this host; undefined if there is none, or if it is unknown. The group is
 * looked up in a file of the form of /etc/group (group(5)), which holds the system groups of
 * systemd-sysusers and groupadd, and not in directories of the network.
 */
export function groupId(name: string, file = '/etc/group'): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  for (const line of text.split('\n')) {
    const [found, , id = ''] = line.split(':');
    if (found === name && /^\d+$/.test(id)) return Number(id);
  }
  return undefined;
}
