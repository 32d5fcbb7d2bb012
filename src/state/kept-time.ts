import { closeSync, constants, futimesSync, lstatSync, openSync, rmSync } from 'node:fs';

/** A moment that is kept over restarts, as the time of an empty file. */
export class KeptTime {
  readonly #file: string;

  /** @param file - in a directory that only root can write */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Milliseconds since 1970; undefined if there is none, or if it is in the future, because the
   * clock has been set back.
   */
  get at(): number | undefined {
    const time = lstatSync(this.#file, { throwIfNoEntry: false })?.mtimeMs;
    return time === undefined || time > Date.now() ? undefined : time;
  }

  /**
   * Keeps another moment. If it can't be written, on a full disk, the next start knows the earlier
   * one.
   */
  note(now: number): void {
    const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants;
    let fd: number;
    try {
      fd = openSync(this.#file, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600);
    } catch {
      return;
    }
    try {
      futimesSync(fd, now / 1000, now / 1000);
    } finally {
      closeSync(fd);
    }
  }

  forget(): void {
    rmSync(this.#file, { force: true });
  }
}
