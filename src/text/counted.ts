/** A number of things, for people: `1 file`, `2 files`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** `is` for one thing, `are` for any other number. */
export function isOrAre(count: number): string {
  return count === 1 ? 'is' : 'are';
}

/** `it`, `them`. */
export function itOrThem(count: number): string {
  return count === 1 ? 'it' : 'them';
}
