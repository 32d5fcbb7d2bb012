import type { Settings } from '../config/settings.js';
import { peersOf } from '../csync2/cfg/index.js';
import { Runner } from '../csync2/run/runner.js';
import { Generation, type GenerationParts } from './generation.js';
import { readPlan } from './host-plan.js';

/**
 * The generation at work, and how another takes its place: begun beside it, given over to when all
 * is watched. A configuration that is broken changes nothing.
 */
export class Succession {
  #parts: GenerationParts;
  readonly #onReplaced: (generation: Generation) => void;
  #current: Generation;
  #replacements = 0;
  #replacing: Promise<void> = Promise.resolve();
  #ending: Promise<void> = Promise.resolve();

  /** @param onReplaced - called with each new generation, when it is the current one */
  constructor(
    first: Generation,
    parts: GenerationParts,
    onReplaced: (generation: Generation) => void,
  ) {
    this.#current = first;
    this.#parts = parts;
    this.#onReplaced = onReplaced;
  }

  get current(): Generation {
    return this.#current;
  }

  /**
   * Reloads csync2.cfg and works by it. Rejects, with the old generation at work, if that can't be.
   *
   * @param settings - new settings; those before if none
   */
  replace(settings?: Settings): Promise<void> {
    this.#replacements++;
    const replaced = this.#replacing.then(() => this.#replace(settings ?? this.#parts.settings));
    this.#replacing = replaced
      .catch(() => undefined)
      .finally(() => {
        this.#replacements--;
      });
    return replaced;
  }

  /** Whether another generation may be about to take the current one's place. */
  get isReplacing(): boolean {
    return this.#replacements > 0;
  }

  /** Resolves when no generation before the current one sends anything any more. */
  get alone(): Promise<void> {
    return this.#ending.catch(() => undefined);
  }

  /** Resolves or rejects with the current generation, whichever that is by then. */
  async running(): Promise<void> {
    for (let generation: Generation | undefined; generation !== this.#current; ) {
      generation = this.#current;
      await generation.running();
      await this.#replacing;
    }
  }

  /** @param left - whether the watches of the generation that is ended are left for the next run */
  async end(left: (generation: Generation) => boolean): Promise<void> {
    await this.#replacing;
    await this.#current.end(left(this.#current) ? 'left' : 'closed');
  }

  async #replace(settings: Settings): Promise<void> {
    const { csync2Options, knownPeers, paused, queue } = this.#parts;
    const plan = await readPlan(settings, csync2Options);
    const next = new Generation(plan, { ...this.#parts, settings });
    try {
      await next.ready();
    } catch (error) {
      await next.end();
      throw error;
    }
    const old = this.#current;
    this.#current = next;
    this.#parts = { ...this.#parts, settings };
    this.#ending = old.end();
    await this.#ending;
    const peers = peersOf(plan.config).map((peer) => peer.name);
    paused.keep(peers);
    if (knownPeers.keep(peers).length > 0) {
      // Removes what is pending for hosts that have left from csync2's database.
      await new Runner(plan.instance).run({ mode: ['-R'] });
    }
    queue.requireFullCheck('csync2.cfg has changed');
    next.start();
    this.#onReplaced(next);
  }
}
