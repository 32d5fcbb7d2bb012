import { InotifyCsyncError } from '../errors.js';
import type { ConfigTrouble } from '../observe/status-sources.js';

/**
 * Keeps the errors of the configuration on disk while an older one is in use, because the next
 * restart would fail. For csync2.cfg they come from the last attempt to use it. The settings are
 * only read now and then for this, because they take effect only on request.
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
   * Waits for an attempt to use the configuration on disk, and remembers its error. Rejects as the
   * attempt does.
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

  /** All known errors. Reads the settings again if that is due. `now`: milliseconds since 1970. */
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
