import { type NotedFile, readCheckText } from '../csync2/files/check-text.js';
import { decodeName } from '../csync2/files/name-encoding.js';
import type { VerifiedReply } from '../observe/control-replies.js';
import type { Sync } from '../sync/sync.js';
import { counted } from '../text/counted.js';
import { display } from '../text/path-bytes.js';
import { typeNames } from './type-names.js';

type Comparison = Awaited<ReturnType<NonNullable<Sync['verify']>>>;

/** The result of a comparison with a peer, for the client. */
export function verifiedReply(
  peer: string,
  comparison: Comparison,
  { placesOf }: Pick<Sync, 'placesOf'>,
): VerifiedReply {
  if (!comparison) {
    return notComparedReply(
      peer,
      'it did not send its list: it cannot be reached, or its csync2 refused',
    );
  }
  const { verified, repaired } = comparison;
  const { compared, divergences, pending } = verified;
  const differences = divergences.slice(0, mostShown).map(({ name, here, there, sender }) => {
    const [path = Buffer.alloc(0)] = placesOf([decodeName(Buffer.from(name, 'latin1'))]);
    return { path: display(path), here: describe(here), there: describe(there), sender };
  });
  return {
    peer,
    error: null,
    compared,
    pending,
    differences,
    different: divergences.length,
    repaired,
  };
}

/** The result for a peer that was not compared, and the reason. */
export function notComparedReply(peer: string, error: string): VerifiedReply {
  return {
    ...{ peer, error, compared: 0, pending: 0 },
    differences: [],
    different: 0,
    repaired: 0,
  };
}

/** csync2's note in words: `file, 3 bytes, 2026-11-26 10:00:00Z, mode 644, 0:0`. */
function describe(text: string | undefined): string | null {
  if (text === undefined) return null;
  const noted = readCheckText(text, 0);
  const parts = [
    typeNames[noted.type] ?? noted.type,
    noted.size === undefined ? '' : counted(Number(noted.size), 'byte'),
    noted.target === undefined
      ? ''
      : `to ${display(decodeName(Buffer.from(noted.target, 'latin1')))}`,
    timeOf(noted),
    noted.mode === undefined ? '' : `mode ${(noted.mode & 0o7777).toString(8)}`,
    noted.owner ?? '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function timeOf({ mtimeSeconds }: NotedFile): string {
  if (mtimeSeconds === undefined) return '';
  const date = new Date(Number(mtimeSeconds) * 1000);
  return Number.isNaN(date.getTime())
    ? `${mtimeSeconds} s`
    : date.toISOString().replace('T', ' ').replace('.000', '');
}

/** The most differences that are shown for each peer. */
const mostShown = 1000;
