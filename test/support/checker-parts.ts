import type { Arrival } from '#src/sync/arrivals/arrival.js';
import type { LookAtArrivals } from '#src/sync/arrivals/arrivals.js';
import type { CheckerParts } from '#src/sync/check/checker.js';
import { survey } from '#src/sync/common/survey.js';
import { FileMemory } from '#src/sync/memory/file-memory.js';
import { NoteHistory } from '#src/sync/memory/note-history.js';
import { OverlookedChanges } from '#src/sync/memory/overlooked-changes.js';
import type { CsyncNode } from './csync2-cluster.js';

/** What sessions do: `judge` tells of files, `within` of trees. */
export function arriving({
  judge = () => 'local',
  within = () => false,
}: {
  judge?: (path: Buffer) => Arrival;
  within?: (path: Buffer) => boolean;
} = {}): LookAtArrivals {
  return () => ({
    judge: (path) => ({ arrival: judge(path), account: 'unknown' }),
    isArrivingWithin: within,
    isEmptied: () => false,
    isComplete: true,
  });
}

/** What a checker of a node knows of its files, where nothing is received. */
export function checkerKnowledge(
  node: CsyncNode,
): Pick<
  CheckerParts,
  | 'ledger'
  | 'memory'
  | 'notes'
  | 'changes'
  | 'arrivals'
  | 'survey'
  | 'unseenSince'
  | 'mayBeUnseen'
  | 'torn'
  | 'prefixes'
  | 'takeBroken'
  | 'takeEmptied'
> {
  const [memory, notes] = [new FileMemory(), new NoteHistory()];
  const { ledger, prefixes } = node;
  return {
    ledger,
    memory,
    notes,
    prefixes,
    changes: new OverlookedChanges({ noteTable: ledger.notes, memory, notes }),
    arrivals: arriving(),
    survey,
    unseenSince: () => 0,
    mayBeUnseen: () => true,
    torn: node.tornChecks(),
    takeBroken: () => [],
    takeEmptied: () => [],
  };
}
