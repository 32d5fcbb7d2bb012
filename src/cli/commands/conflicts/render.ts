import type { ConflictReply, ConflictsReply, SideReply } from '../../../observe/control-replies.js';
import { duration } from '../../../observe/status-line.js';
import { counted } from '../../show-reply.js';
import { plain, type Style } from '../../style.js';

/** The conflicts, for people. */
export function renderConflicts({ conflicts, host }: ConflictsReply, style: Style = plain): string {
  if (conflicts.length === 0) return style.good('no conflicts');
  const blocks = conflicts.map((conflict) => conflictLines(conflict, host, style).join('\n'));
  return [...blocks, `decide: inotify-csync resolve PATH --keep HOST (or --keep newest)`].join(
    '\n\n',
  );
}

/** One conflict: its path, and a line for each of the two hosts. */
export function conflictLines(
  conflict: ConflictReply,
  host: string,
  style: Style = plain,
): readonly string[] {
  const { error, here, path, peer, since_s: seconds, subtree, there } = conflict;
  const scope = subtree ? ', one conflict with all below it' : '';
  const width = Math.max(host.length, peer.length);
  const isDifferent = (field: 'owner' | 'mode') => there !== null && here[field] !== there[field];
  const shown = { owner: isDifferent('owner'), mode: isDifferent('mode') };
  const line = (name: string, side: SideReply) =>
    `  ${name.padEnd(width)}  ${sideText(side, shown)}`;
  return [
    `${style.strong(path)}   for ${duration(seconds)}${scope}`,
    line(host, here),
    there ? line(peer, there) : `  ${peer.padEnd(width)}  ${style.warn('not known')}: ${error}`,
  ];
}

/** The file as one host has it. Its type, size and time are in columns, other facts follow. */
export function sideText(
  { changed, entries, mode, owner, size, target, type }: SideReply,
  shown: { readonly owner: boolean; readonly mode: boolean },
): string {
  const columns = [
    type.padEnd(9),
    (size === null ? '' : counted(size, 'byte')).padStart(14),
    (changed === null ? '' : `changed ${changed}`).padEnd(28),
    ...(target === null ? [] : [`to ${target}`]),
    ...(entries === null ? [] : [`${counted(entries, 'name')} below it`]),
    ...(shown.mode && mode !== null ? [`mode ${mode}`] : []),
    ...(shown.owner && owner !== null ? [`owner ${owner}`] : []),
  ];
  return columns.join('  ').trimEnd();
}
