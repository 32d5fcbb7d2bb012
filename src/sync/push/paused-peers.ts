import { readFileSync } from 'node:fs';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { replaceFile } from '../../state/replace-file.js';

/**
 * Which peers an administrator has paused, and since when, in milliseconds since 1970. The list is
 * on disk, because a restart or a reboot must not begin to send to a paused peer.
 */
export class PausedPeers {
  /** The file could not be read, so all peers are paused, because sending can't be undone. */
  readonly isDamaged: boolean;
  readonly #file: string;
  #since: ReadonlyMap<string, number>;

  private constructor(file: string, since: ReadonlyMap<string, number>, isDamaged: boolean) {
    this.#file = file;
    this.#since = since;
    this.isDamaged = isDamaged;
  }

  /**
   * Reads the list, without peers that are not `present` in csync2.cfg.
   *
   * @param file - in a directory that only root can write
   */
  static open(file: string, present: readonly string[], now = Date.now()): PausedPeers {
    const kept = readSince(file);
    const all = new Map(present.map((peer) => [peer, now]));
    const paused = new PausedPeers(file, kept ?? all, kept === undefined);
    paused.keep(present);
    return paused;
  }

  /** Since when a peer has been paused; undefined if it is not paused. */
  since(peer: string): number | undefined {
    return this.#since.get(peer);
  }

  /**
   * Pauses peers, durably. Peers that are paused already stay so.
   *
   * @returns the peers that were not paused. Throws a {@link PauseNotKeptError}; nothing has
   * changed then.
   */
  pause(peers: readonly string[], now = Date.now()): string[] {
    const added = [...new Set(peers)].filter((peer) => !this.#since.has(peer));
    if (added.length > 0)
      this.#replace(new Map([...this.#since, ...added.map((peer) => [peer, now] as const)]));
    return added;
  }

  /** Resumes peers, durably. @returns the peers that were paused. Throws as {@link pause}. */
  resume(peers: readonly string[]): string[] {
    const taken = [...this.#since.keys()].filter((peer) => peers.includes(peer));
    if (taken.length > 0) this.#replace(without(this.#since, taken));
    return taken;
  }

  /**
   * Forgets all peers but these, so that a peer that comes back to csync2.cfg later is not paused.
   * Never throws.
   */
  keep(peers: readonly string[]): void {
    const gone = [...this.#since.keys()].filter((peer) => !peers.includes(peer));
    if (gone.length === 0) return;
    const left = without(this.#since, gone);
    try {
      this.#replace(left);
    } catch {
      // On a full disk the old list stays in the file, and the next start forgets the peers.
      this.#since = left;
    }
  }

  #replace(since: ReadonlyMap<string, number>): void {
    try {
      replaceFile(this.#file, `${JSON.stringify([...since])}\n`);
    } catch (cause) {
      throw new PauseNotKeptError(this.#file, cause as Error);
    }
    this.#since = since;
  }
}

/** The list of paused peers cannot be written. */
export class PauseNotKeptError extends InotifyCsyncError {
  constructor(file: string, cause: Error) {
    super(
      'ICS_PAUSE_NOT_KEPT',
      exitCodes.inputOutput,
      `nothing was changed, because ${file} cannot be written: ${cause.message}`,
      'make room on the disk, then try again',
      { cause },
    );
  }
}

function without(
  since: ReadonlyMap<string, number>,
  peers: readonly string[],
): ReadonlyMap<string, number> {
  return new Map([...since].filter(([peer]) => !peers.includes(peer)));
}

/** Empty if there is no file; undefined if it is damaged. */
function readSince(file: string): ReadonlyMap<string, number> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(value) && value.every(isEntry) ? new Map(value) : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? new Map() : undefined;
  }
}

function isEntry(value: unknown): value is [string, number] {
  return Array.isArray(value) && typeof value[0] === 'string' && Number.isFinite(value[1]);
}
