import { DirectoryKeys } from '../../text/directory-keys.js';
import { fromKey, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';

/** One mount, as /proc/self/mountinfo tells it (proc_pid_mountinfo(5)). */
export interface Mount {
  /** Unique among the mounts of a moment; later mounts may get it again. */
  readonly id: number;
  readonly point: PathBytes;
  /** Type of its file system: `ext4`, `fuse.sshfs`. */
  readonly type: string;
  /** The source of the mount, one character a byte: a device, `server:/path`, or any word. */
  readonly source: string;
  /** The directory of the file system that is seen at the mount point, one character a byte. */
  readonly root: string;
}

/**
 * The mounts that paths lead to, by mount point. If several mounts share a point, only the topmost
 * counts.
 */
export type MountTable = ReadonlyMap<PathKey, Mount>;

/**
 * Reads mountinfo. Its names are bytes, and it writes blank, tab, newline and backslash as `\ooo`.
 * Mounts that another one covers, at the same point or above, are left out.
 */
export function parseMounts(text: Buffer): MountTable {
  const mounts = text
    .toString('latin1')
    .split('\n')
    .flatMap((line) => parseLine(line) ?? []);
  const children = new Map<number, ListedMount[]>();
  const ids = new Set(mounts.map(({ id }) => id));
  const roots: ListedMount[] = [];
  for (const mount of mounts) {
    const isRoot = !ids.has(mount.parent) || mount.parent === mount.id;
    const siblings = isRoot ? roots : (children.get(mount.parent) ?? []);
    siblings.push(mount);
    if (!isRoot) children.set(mount.parent, siblings);
  }
  const visible = new Map<PathKey, Mount>();
  // If the parents of a changed root directory are out of sight, several mounts may have none.
  const waiting = uncovered(roots);
  for (let mount = waiting.pop(); mount; mount = waiting.pop()) {
    const top = topmost(mount, children);
    visible.set(toKey(top.point), top);
    for (const mount of uncovered(children.get(top.id) ?? [])) waiting.push(mount);
  }
  return visible;
}

interface ListedMount extends Mount {
  readonly parent: number;
}

function parseLine(line: string): ListedMount | undefined {
  // 36 35 98:0 /root /point options [optional fields] - type source options
  const [id, parent, , root, point, ...rest] = line.split(' ');
  const [type, source] = rest.slice(rest.indexOf('-') + 1);
  if (root === undefined || point === undefined || type === undefined || source === undefined)
    return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    point: fromKey(unescaped(point)),
    type,
    source: unescaped(source),
    root: unescaped(root),
  };
}

function unescaped(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Finds the topmost mount: a mount on the root of another stands on top of it. */
function topmost(
  mount: ListedMount,
  children: ReadonlyMap<number, readonly ListedMount[]>,
): ListedMount {
  let top = mount;
  for (;;) {
    const above = children.get(top.id)?.findLast(({ point }) => point.equals(top.point));
    if (!above) return top;
    top = above;
  }
}

/**
 * The mounts on one file system that lie below no other. A mount below another one was made before
 * a directory above it was covered.
 */
function uncovered(mounts: readonly ListedMount[]): ListedMount[] {
  const byPoint = new Map(mounts.map((mount) => [toKey(mount.point), mount]));
  const points = new DirectoryKeys(byPoint.keys());
  return [...byPoint].filter(([key]) => !points.areAbove(key)).map(([, mount]) => mount);
}
