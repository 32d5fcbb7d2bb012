import type { ReadStream, WriteStream } from 'node:tty';
import { paint, type ScreenSize } from './frame.js';

/**
 * The alternate screen of a terminal, with keys read one by one. The terminal is restored at every
 * end.
 */
export class Screen {
  readonly #output: WriteStream;
  readonly #keys: ReadStream | undefined;
  readonly #onEnd: () => void;
  readonly #onResize: () => void;
  #isOpen = false;

  /**
   * @param keys - the terminal to read keys from; undefined if there is none
   * @param onEnd - called when the user quits, or the terminal has gone
   * @param onResize - called when the size has changed
   */
  constructor(
    output: WriteStream,
    keys: ReadStream | undefined,
    onEnd: () => void,
    onResize: () => void,
  ) {
    this.#output = output;
    this.#keys = keys;
    this.#onEnd = onEnd;
    this.#onResize = onResize;
  }

  /** Some terminals, as those of `script`, have no size. */
  get size(): ScreenSize {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  open(): void {
    this.#isOpen = true;
    // The terminal is restored even if a bug ends the process.
    process.once('exit', this.#onExit);
    // These listeners stay, because a vanished terminal may also cause errors while it is restored.
    this.#output.on('error', this.#onEnd);
    this.#keys?.on('error', this.#onEnd);
    this.#output.on('resize', this.#onResize);
    this.#keys?.on('end', this.#onEnd);
    this.#keys?.on('data', this.#onKeys);
    this.#keys?.setRawMode(true);
    this.#keys?.resume();
    this.#output.write(alternate);
  }

  show(frame: readonly string[]): void {
    if (this.#isOpen) this.#output.write(paint(frame));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#onExit);
    this.#output.off('resize', this.#onResize);
    this.#keys?.off('data', this.#onKeys);
    this.#output.write(restored);
    this.#keys?.setRawMode(false);
    this.#keys?.pause();
  }

  readonly #onExit = (): void => this.close();

  /** In raw mode Ctrl-C and Ctrl-D are keys as all others. */
  readonly #onKeys = (typed: Buffer): void => {
    if (
      typed
        .toString('latin1')
        .split('')
        .some((key) => ending.has(key))
    )
      this.#onEnd();
  };
}

/** `q`, Ctrl-C and Ctrl-D. */
const ending: ReadonlySet<string> = new Set(['q', 'Q', '\x03', '\x04']);
/** The alternate screen, no cursor, and no wrapping of long lines. */
const alternate = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const restored = '\x1b[?7h\x1b[?25h\x1b[?1049l';
