/** Text on a terminal: how many cells it takes, and what of it fits into so many. */

/** The cells that a text takes; sequences that only set a style take none. */
export function cellsOf(text: string): number {
  let cells = 0;
  for (const { segment } of characters.segment(text.replace(styles, ''))) cells += widthOf(segment);
  return cells;
}

/** The first of a line that so many cells hold; `…` stands for the rest. */
export function cut(line: string, columns: number): string {
  if (columns < 1) return '';
  let [width, text, fits, isStyled] = [0, '', '', false];
  // Whatever is wider than this is cut: a character of more than one unit has at least one cell.
  let left = columns * mostUnits;
  for (const part of line.split(styles)) {
    if (isStyle(part)) {
      [text, isStyled] = [text + part, true];
      if (width < columns) fits = text;
      continue;
    }
    const start = part.slice(0, left);
    for (const { segment } of characters.segment(start)) {
      width += widthOf(segment);
      if (width > columns) return shortened(fits, isStyled);
      text += segment;
      if (width < columns) fits = text;
    }
    if (start.length < part.length) return shortened(fits, isStyled);
    left -= start.length;
  }
  return text;
}

/**
 * A line as several that are no wider than so many cells, as far as its words allow it: what
 * follows the first is indented to where the text of the first begins.
 */
export function wrap(line: string, columns: number): readonly string[] {
  if (cellsOf(line) <= columns) return [line];
  const [lead = '', mark] = /^ *(\S+ {2,}|! )?/.exec(line.replace(styles, '')) ?? [];
  const hanging = mark === undefined ? lead.length + 2 : lead.length;
  const indent = ' '.repeat(Math.min(hanging, Math.floor(columns / 3)));
  const lines: string[] = [];
  let [now, width, isEmpty] = ['', 0, true];
  for (const [, gap = '', word = ''] of line.matchAll(/( *)([^ ]+)/g)) {
    const cells = cellsOf(word);
    if (!isEmpty && width + gap.length + cells > columns) {
      lines.push(now);
      [now, width] = [indent + word, indent.length + cells];
    } else {
      [now, width] = [now + gap + word, width + gap.length + cells];
    }
    isEmpty = false;
  }
  return [...lines, now];
}

/** Whether a text is one of the sequences that set a style, and nothing else. */
export function isStyle(text: string): boolean {
  return onlyStyle.test(text);
}

/** The style that may be open where a line is cut ends there. */
function shortened(fits: string, isStyled: boolean): string {
  return `${fits}…${isStyled ? '\x1b[0m' : ''}`;
}

function widthOf(character: string): number {
  return wide.test(character) ? 2 : 1;
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
// biome-ignore-start lint/suspicious/noControlCharactersInRegex: what terminals are sent
/** What sets and ends weight and colour, and does nothing else to a terminal. */
export const styles = /(\x1b\[(?:1|22|31|32|33|39)m)/g;
const onlyStyle = /^\x1b\[(?:1|22|31|32|33|39)m$/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: what terminals are sent
/** What takes two cells: scripts of East Asia, and pictures. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u;
/** Units of UTF-16 in a character, as far as names have any. */
const mostUnits = 16;
