/** Draws for `status --watch`. A text and a size become the lines of the screen. */

import { cut } from '../../../text/cells.js';
import { counted } from '../../../text/counted.js';
import { harmless } from '../../../text/harmless.js';

/** The size of a terminal, in cells. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Makes one picture of a line with the time and of the text, cut to the size. The last line counts
 * the lines that do not fit. Pure.
 *
 * @param note - what stands behind the time
 * @returns exactly as many lines as the screen has rows, none of them wider than it, and with no
 * character that could drive a terminal, but for those that set a style
 */
export function frameOf(
  text: string,
  { columns, rows }: ScreenSize,
  at: Date,
  note: string,
): readonly string[] {
  const body = text.replace(/\n+$/, '').split('\n').map(harmless);
  const room = Math.max(0, rows - 1);
  const shown = body.length <= room ? body : body.slice(0, Math.max(0, room - 1));
  const left = body.length - shown.length;
  const more = left > 0 && room > 0 ? [`… ${counted(left, 'more line')}`] : [];
  const lines = [`${clock(at)}  ${note}`, ...shown, ...more].map((line) => cut(line, columns));
  return Array.from({ length: rows }, (_, row) => lines[row] ?? '');
}

/** The bytes that show a frame on a terminal. Each row is cleared and written again. Pure. */
export function paint(frame: readonly string[]): string {
  return frame.map((line, row) => `\x1b[${row + 1};1H\x1b[2K${line}`).join('');
}

function clock(at: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
