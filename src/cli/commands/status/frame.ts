/** Draws for `status --watch`. A text and a size become the lines of the screen. */

/** The size of a terminal, in cells. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Makes one picture of a line with the time and of the text, cut to the size. The last line counts
 * the lines that do not fit. Pure.
 *
 * @param note - the text after the time
 * @returns exactly as many lines as the screen has rows, none of them wider than the screen, and
 *   without characters that could control a terminal
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
  const more = left > 0 && room > 0 ? [`… ${left} more line${left === 1 ? '' : 's'}`] : [];
  const lines = [`${clock(at)}  ${note}`, ...shown, ...more].map((line) => cut(line, columns));
  return Array.from({ length: rows }, (_, row) => lines[row] ?? '');
}

/** The bytes that show a frame on a terminal. Each row is cleared and written again. Pure. */
export function paint(frame: readonly string[]): string {
  return frame.map((line, row) => `\x1b[${row + 1};1H\x1b[2K${line}`).join('');
}

/** The beginning of a line that fits into so many cells; `…` stands for the rest. */
function cut(line: string, columns: number): string {
  if (columns < 1) return '';
  // This prefix is wide enough, because a character has at least one cell and limited units.
  const start = line.slice(0, columns * mostUnits);
  let [width, text, fits] = [0, '', ''];
  for (const { segment } of characters.segment(start)) {
    width += wide.test(segment) ? 2 : 1;
    if (width > columns) return `${fits}…`;
    text += segment;
    if (width < columns) fits = text;
  }
  return start.length < line.length ? `${fits}…` : text;
}

function harmless(line: string): string {
  return line.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function clock(at: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Characters that take two cells, in scripts of East Asia and pictures. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u;
/** Units of UTF-16 in a character, as far as names have any. */
const mostUnits = 16;
