import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../hosts/host.js';
import { type Change, type Changes, hasArrived } from './changes.js';

/**
 * Makes a single change twice a second while something else goes on, and measures how long each
 * takes.
 */
export class FreshChanges {
  readonly #changes: Changes;
  readonly #peers: readonly Host[];
  readonly #under: Flight[] = [];
  readonly #samples: (number | undefined)[] = [];
  #making: Promise<void> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();
  #over = false;

  constructor(changes: Changes, peers: readonly Host[]) {
    this.#changes = changes;
    this.#peers = peers;
  }

  begin(): void {
    this.#making = this.#make();
    this.#looking = this.#look();
  }

  /**
   * Makes no more, waits for those under way. Resolves to milliseconds each; undefined for what
   * never arrived.
   */
  async end(): Promise<readonly (number | undefined)[]> {
    this.#over = true;
    await this.#making;
    await this.#looking;
    return this.#samples;
  }

  async #make(): Promise<void> {
    while (!this.#over) {
      await sleep(500);
      if (!this.#over) this.#under.push({ ...this.#changes.make(), waiting: this.#peers });
    }
  }

  async #look(): Promise<void> {
    while (!this.#over || this.#under.length > 0) {
      for (const flight of [...this.#under]) {
        flight.waiting = flight.waiting.filter((peer) => !hasArrived(flight.change, peer));
        const elapsed = performance.now() - flight.begun;
        const late = elapsed > limitSeconds * 1000;
        if (flight.waiting.length > 0 && !late) continue;
        this.#samples.push(late ? undefined : elapsed);
        this.#under.splice(this.#under.indexOf(flight), 1);
      }
      // Many may be under way for long: no need to be exact to the millisecond.
      await sleep(this.#under.length > 5 ? 50 : 5);
    }
  }
}

interface Flight {
  readonly change: Change;
  readonly begun: number;
  waiting: readonly Host[];
}

const limitSeconds = 120;
