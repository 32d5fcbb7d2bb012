import type { AutoMethod } from '../../csync2/cfg/model.js';
import { readCheckText } from '../../csync2/files/check-text.js';

/** Who two hosts are to each other, as both see it alike. */
export interface Sides {
  /** How csync2.cfg has conflicts between them resolved. */
  readonly method: AutoMethod;
  /** This host only receives. */
  readonly isSlaveHere: boolean;
  readonly isSlaveThere: boolean;
  /** The peer stands before this host in csync2.cfg. */
  readonly isLeftThere: boolean;
}

/** Whose version of a file both hosts are to have. */
export type Winner = 'here' | 'there' | 'nobody';

/**
 * Decides between two hosts that have different things under the same name, and nothing on its way.
 * Both come to the same: each looks at the notes of both, and sends what wins here.
 *
 * - What is there wins against nothing: csync2's `auto` resolves no conflict in favour of a
 *   removal.
 * - A directory wins against anything else: what is in it would be lost.
 * - For the rest `auto` counts. Of what it finds the same, that wins whose text comes later: so
 *   three hosts, two of which have the same, don't go round in a circle.
 *
 * @param here - csync2's text for it on this host; undefined: it has none
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
 * Whether `auto` finds both the same, by all that csync2 has noted: of links and directories, that
 * is no time.
 */
export function isTie(here: string | undefined, there: string | undefined, sides: Sides): boolean {
  if (here === undefined || there === undefined || here === there) return false;
  if (sides.method === 'none' || sides.isSlaveHere !== sides.isSlaveThere) return false;
  const [mine, theirs] = [readCheckText(here, 0), readCheckText(there, 0)];
  return (mine.type === 'dir') === (theirs.type === 'dir') && compare(mine, theirs, sides) === 0;
}

/** Above 0: this host's version wins, below 0: the peer's, 0: `auto` finds them the same. */
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
