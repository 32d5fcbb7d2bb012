import { lstatSync, type Stats } from 'node:fs';
import { loadNative } from '../../native.js';
import type { PathBytes } from '../../text/path-bytes.js';

/**
 * The properties of a file that csync2 does not send to the peers, one sentence each. Empty if
 * there are none, or if nothing exists at the path. csync2 sends content, type, owner, group, mode
 * and time in whole seconds, and nothing else.
 */
export function notSent(path: PathBytes): string[] {
  let stat: Stats | undefined;
  try {
    stat = lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return [
      `cannot determine what csync2 does not send of it: ${(error as NodeJS.ErrnoException).code}`,
    ];
  }
  if (!stat) return [];
  if (stat.isSocket()) return ['it is a socket: csync2 cannot send it'];
  const names = attributesOf(path);
  const others = names.filter((name) => !acls.has(name));
  return [
    ...(names.length > others.length
      ? ['its ACL is not sent: csync2 sends only owner, group and mode']
      : []),
    ...(others.length > 0 ? [`its extended attributes are not sent: ${others.join(', ')}`] : []),
    ...(stat.isFile() && stat.nlink > 1
      ? [
          `it has ${stat.nlink} names (hard links) here; on the peers each name that is sent becomes a separate file`,
        ]
      : []),
  ];
}

function attributesOf(path: PathBytes): string[] {
  const names = loadNative().attributeNames(path).toString().split('\0');
  // The SELinux policy of each host sets the labels.
  return names.filter((name) => name !== '' && name !== 'security.selinux');
}

const acls: ReadonlySet<string> = new Set(['system.posix_acl_access', 'system.posix_acl_default']);
