import type {
  DifferenceReply,
  VerifiedReply,
  VerifyReply,
} from '../../../observe/control-replies.js';
import { counted, grouped } from '../../../text/counted.js';
import { plain, type Style } from '../../style.js';

/** What came of a comparison, for people. */
export function renderVerified({ peers }: VerifyReply, style: Style = plain): string {
  return peers.map((peer) => peerLines(peer, style).join('\n')).join('\n');
}

function peerLines(verified: VerifiedReply, style: Style): readonly string[] {
  const { peer, error, compared, pending, differences, different, repaired } = verified;
  if (error !== null) return [`${peer}: ${style.warn('not compared')}: ${error}`];
  const onTheirWay = pending > 0 ? `, and ${counted(pending, 'is', 'are')} on the way` : '';
  const names = counted(compared, 'name');
  if (different === 0) return [`${peer}: ${style.good('the same')}, ${names}${onTheirWay}`];
  const differ = style.bad(different === 1 ? 'differs' : 'differ');
  const lines = [`${peer}: ${grouped(different)} of ${names} ${differ}${onTheirWay}`];
  for (const difference of differences) lines.push(`  ${differenceText(peer, difference)}`);
  if (different > differences.length)
    lines.push(`  and ${grouped(different - differences.length)} more`);
  if (repaired > 0)
    lines.push(`  this host sends ${counted(repaired, 'name')}; verify again in a moment`);
  const theirs = differences.filter(({ sender }) => sender === 'there').length;
  if (theirs > 0) {
    lines.push(
      `  ${counted(theirs, 'is', 'are')} to be sent from ${peer}: inotify-csync verify --repair there`,
    );
  }
  const isUndecided = differences.some(({ sender }) => sender === 'nobody');
  return isUndecided ? [...lines, ...undecided] : lines;
}

function differenceText(peer: string, { path, here, there }: DifferenceReply): string {
  if (there === null) return `${path}: only here: ${here}`;
  if (here === null) return `${path}: only on ${peer}: ${there}`;
  return `${path}: here ${here}; on ${peer} ${there}`;
}

const undecided = [
  '  csync2.cfg does not decide between two versions (auto none):',
  '    for what `inotify-csync conflicts` lists, run `inotify-csync resolve PATH --keep HOST`;',
  '    for the rest, on the host whose copy should win, run `csync2 -mr PATH; csync2 -f PATH`',
];
