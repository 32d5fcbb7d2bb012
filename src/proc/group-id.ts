import { readFileSync } from 'node:fs';

/**
 * The number of a group of this host; undefined if there is none, or nobody can tell. Looked up in
 * a file of the form of /etc/group (group(5)), where systemd-sysusers and groupadd put groups of
 * the system, and not in directories of the network.
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
