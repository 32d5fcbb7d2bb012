import { displayShort, type PathBytes } from '../../text/path-bytes.js';

/** Words that several kinds of reports use. The first few of some paths, and how many more. */
export function sample(paths: readonly PathBytes[]): string {
  const shown = paths.slice(0, 5).map(displayShort).join(', ');
  return paths.length > 5 ? `${shown} and ${paths.length - 5} more` : shown;
}

export function milliseconds(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}
