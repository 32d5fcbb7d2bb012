import type { AutoMethod } from '../../csync2/cfg/model.js';
import { readCheckText } from '../../csync2/files/check-text.js';

/** The roles of two hosts, which both hosts see alike. */
export interface Sides {
  /** How csync2.cfg resolves conflicts between them. */
  readonly method: AutoMethod;
  /** This host only receives. */
  readonly isSlaveHere: boolean;
  readonly isSlaveThere: boolean;
  /** The peer stands before this host in csync2.cfg. */
  readonly isLeftThere: boolean;
}

/** The side whose version of a file both hosts must have. */
export type Winner = 'here' | 'there' | 'nobody';

/**
 * Decides between two hosts that have different things under the same name, and nothing on its way.
 * Both hosts reach the same decision: each looks at both hosts' notes, and sends the names that its
 * own side wins.
 *
 * - A file wins against none: csync2's `auto` resolves no conflict in favour of a removal.
 * - A directory wins against anything else, because its content would be lost.
 * - `auto` decides the rest. If `auto` finds two versions equal, the version whose text comes
 *   later wins, so that three hosts, two of which have the same version, don't go round in a
 *   circle.
 *
 * @param here - csync2's text on this host; undefined if the host has no such file
 */
export function winnerOf(
  here: string | undefined,
  there: string | undefined,
  sides: Sides,
): Winner {
  if (here === there || sides.method === 'none') return 'nobody';
  if (sides.isSlaveHere !== sides.isSlaveThere) return sides.isSlaveHere ? 'there' : 'here';
  if (here === undefined || there === undefined) return here === undefined ? 'there' : 'here';
  const [mine, theirs] = [readCheckText(here, 0), readCheckText(there, 0)];
  if ((mine.type === 'dir') !== (theirs.type === 'dir'))
    return mine.type === 'dir' ? 'here' : 'there';
  const order = compare(mine, theirs, sides);
  if (order !== 0) return order > 0 ? 'here' : 'there';
  return here > there ? 'here' : 'there';
}

/**
 * Whether `auto` finds both versions equal, by all that csync2 has noted. csync2 notes no time for
 * links and directories.
 */
export function isTie(here: string | undefined, there: string | undefined, sides: Sides): boolean {
  if (here === undefined || there === undefined || here === there) return false;
  if (sides.method === 'none' || sides.isSlaveHere !== sides.isSlaveThere) return false;
  const [mine, theirs] = [readCheckText(here, 0), readCheckText(there, 0)];
  return (mine.type === 'dir') === (theirs.type === 'dir') && compare(mine, theirs, sides) === 0;
}

/**
 * Above 0 if this host's version wins, below 0 if the peer's does, 0 if `auto` finds them equal.
 */
function compare(
  here: ReturnType<typeof readCheckText>,
  there: ReturnType<typeof readCheckText>,
  { method, isLeftThere }: Sides,
): number {
  const time = difference(here.mtimeSeconds, there.mtimeSeconds);
  const size = difference(here.size, there.size);
  switch (method) {
    case 'younger':
      return time;
    case 'older':
      return -time;
    case 'bigger':
      return size;
    case 'smaller':
      return -size;
    case 'left':
      return isLeftThere ? -1 : 1;
    case 'right':
      return isLeftThere ? 1 : -1;
    default:
      return 0;
  }
}

function difference(one: bigint | undefined, other: bigint | undefined): number {
  return one === undefined || other === undefined ? 0 : Number(one - other);
}
