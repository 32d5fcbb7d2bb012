import { readFileSync } from 'node:fs';

/**
 * Mount points of file systems that are kernel interfaces in the shape of files, one character a
 * byte: the watcher does not walk into them. From proc_pid_mountinfo(5).
 */
export function readPseudoMounts(mountinfo = '/proc/self/mountinfo'): ReadonlySet<string> {
  const points = new Set<string>();
  for (const line of readFileSync(mountinfo, 'latin1').split('\n')) {
    const fields = line.split(' ');
    const point = unescaped(fields[4] ?? '');
    const type = fields[fields.indexOf('-', 6) + 1] ?? '';
    // Only the last mount at a point is seen.
    if (pseudoTypes.has(type)) points.add(point);
    else points.delete(point);
  }
  return points;
}

/** mountinfo writes blank, tab, newline and backslash as \ooo. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

// The same list as in native/walk/mounts.cc.
const pseudoTypes = new Set(
  (
    'autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl mqueue nsfs proc pstore ' +
    'rpc_pipefs securityfs selinuxfs sysfs tracefs'
  ).split(' '),
);
