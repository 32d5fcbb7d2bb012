import { fileURLToPath } from 'node:url';

/** What is made; see test/support/make-entries.py. */
export type Entries = 'directories' | 'files' | 'chain' | 'grown' | 'sized';

/** The words of a command that makes very many entries, or very deep ones, fast. */
export function makingEntries(
  what: Entries,
  place: string,
  count: number,
  further?: string | number,
): string[] {
  return [
    ...['python3', program, what, place, String(count)],
    ...(further === undefined ? [] : [String(further)]),
  ];
}

// This file runs as build/test/support/make-entries.js.
const program = fileURLToPath(new URL('../../../test/support/make-entries.py', import.meta.url));
