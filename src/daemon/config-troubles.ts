import { InotifyCsyncError } from '../errors.js';
import type { ConfigTrouble } from '../observe/status.js';

/**
 * What is wrong with the configuration on disk while an older one is in use: the next restart would
 * fail. Of csync2.cfg that is what the last attempt to work by it came to; the settings are only
 * read for it now and then, as they take effect when somebody asks for it.
 */
export class ConfigTroubles {
  readonly #readSettings: () => unknown;
  #rejected: ConfigTrouble | undefined;
  #settings: ConfigTrouble | undefined;
  #lookAgainAt = 0;

  /** @param readSettings - reads the settings; throws an InotifyCsyncError if they are wrong */
  constructor(readSettings: () => unknown) {
    this.#readSettings = readSettings;
  }

  /**
   * Waits for an attempt to work by the configuration on disk, and remembers what is wrong with it.
   * Rejects as it does.
   */
  async judge(attempt: Promise<void>): Promise<void> {
    try {
      await attempt;
      this.#rejected = undefined;
    } catch (error) {
      this.#rejected = troubleOf(error, this.#rejected, Date.now());
      throw error;
    }
  }

  /** All that is known, read again where that is due. `now`: milliseconds since 1970. */
  list(now: number): readonly ConfigTrouble[] {
    if (now >= this.#lookAgainAt) {
      this.#lookAgainAt = now + lookEveryMilliseconds;
      this.#settings = this.#settingsTrouble(now);
    }
    return [this.#settings, this.#rejected].filter((trouble) => trouble !== undefined);
  }

  #settingsTrouble(now: number): ConfigTrouble | undefined {
    try {
      this.#readSettings();
      return undefined;
    } catch (error) {
      return troubleOf(error, this.#settings, now);
    }
  }
}

function troubleOf(error: unknown, before: ConfigTrouble | undefined, now: number): ConfigTrouble {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof InotifyCsyncError ? error.hint : 'the journal tells more';
  const since = before?.message === message ? before.since : now;
  return { message, hint, since };
}

const lookEveryMilliseconds = 1000;
