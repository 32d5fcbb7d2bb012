import type { Settings } from '../config/settings.js';
import { peersOf } from '../csync2/cfg/index.js';
import { Runner } from '../csync2/run/runner.js';
import { Generation, type GenerationParts } from './generation.js';
import { readPlan } from './host-plan.js';

/**
 * Holds the generation at work, and replaces it by another. The new one begins beside it and takes
 * over when everything is watched. A broken configuration changes nothing.
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
   * Reloads csync2.cfg and uses it. Rejects if that fails, and the old generation continues.
   *
   * @param settings - new settings; the previous ones if not given
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

  /** Whether another generation may be about to replace the current one. */
  get isReplacing(): boolean {
    return this.#replacements > 0;
  }

  /** Resolves when no earlier generation sends anything any more. */
  get alone(): Promise<void> {
    return this.#ending.catch(() => undefined);
  }

  /** Resolves or rejects as the current generation does, also after it has been replaced. */
  async running(): Promise<void> {
    for (let generation: Generation | undefined; generation !== this.#current; ) {
      generation = this.#current;
      await generation.running();
      await this.#replacing;
    }
  }

  /** @param left - whether to leave the watches of the ended generation to the next run */
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
      // Removes pending rows for hosts that csync2.cfg no longer names from csync2's database.
      await new Runner(plan.instance).run({ mode: ['-R'] });
    }
    queue.requireFullCheck('csync2.cfg has changed');
    next.start();
    this.#onReplaced(next);
  }
}
