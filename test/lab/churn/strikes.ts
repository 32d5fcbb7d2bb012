/** Carries out the blows of a plan. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Blow, Striker, Struck } from './faults.js';

export class Strikes {
  /** Fulfilled when the last one has been undone. */
  readonly over: Promise<unknown>;
  /** How many blows have hit something, by kind. */
  readonly counts: Record<string, number> = {};
  /** How many could not be struck here, by kind. */
  readonly notPossible: Record<string, number> = {};
  /** What was done when, a line each. */
  readonly told: string[] = [];
  /** When the last one was undone, in milliseconds since the epoch. */
  last = 0;

  /** `pauses` is the folder of the files that hold up the operations of the hosts, by index. */
  constructor(striker: Striker | undefined, blows: readonly Blow[], start: number, pauses: string) {
    const free = new Map<number, Promise<unknown>>();
    // What has been begun is undone, whatever fails beside it.
    this.over = settled(
      blows.map(async (blow) => {
        if (!striker) throw new Error('these hosts cannot be struck');
        // One after the other on each host: what one has undone, another might rely on.
        const before = free.get(blow.host);
        const mine = sleep(start + blow.at - Date.now())
          .then(() => before)
          .then(() => this.#tell(start, blow, 'begins'))
          .then(() => striker.strike(blow, (host) => pause(join(pauses, `pause-${host}`))));
        free.set(blow.host, mine);
        const struck = await mine;
        this.#tell(start, blow, texts[struck]);
        if (struck === 'hit') count(this.counts, blow);
        if (struck === 'not possible') count(this.notPossible, blow);
        this.last = Date.now();
      }),
    );
  }

  #tell(start: number, { kind, host }: Blow, what: string): void {
    const now = Date.now();
    this.told.push(
      `${new Date(now).toISOString()} (${((now - start) / 1000).toFixed(3)} s) node${host + 1}: ${kind} ${what}`,
    );
  }
}

function count(counts: Record<string, number>, { kind }: Blow): void {
  counts[kind] = (counts[kind] ?? 0) + 1;
}

const texts: Record<Struck, string> = {
  hit: 'is over',
  'nothing to strike': 'found nothing to strike',
  'not possible': 'is not possible here',
};

async function settled(all: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(all))
    if (result.status === 'rejected') throw result.reason;
}

function pause(file: string): () => void {
  writeFileSync(file, '');
  return () => rmSync(file, { force: true });
}
