import { isStyle, styles } from './cells.js';

/** A line without what could drive a terminal, but for what sets a style: `\\x1b` and the like. */
export function harmless(line: string): string {
  return line
    .split(styles)
    .map((part) => (isStyle(part) ? part : part.replace(/\p{Cc}/gu, escaped)))
    .join('');
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
