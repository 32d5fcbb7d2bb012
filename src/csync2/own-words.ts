/**
 * What csync2 has said, without the names of files in it. A name may hold a line that looks like one of csync2's own, an
 * error of the connection or a reply of the peer, and any user can choose one.
 *
 * @param text - at least what it said last
 * @param names - all that it may have named, as it prints them
 */
export function withoutNames(text: string, names: readonly Buffer[]): string {
  const risky = names.filter((name) => name.includes(newline)).map((name) => name.toString('utf8'));
  if (risky.length === 0) return text;
  // The longest first: one may be part of another.
  risky.sort((one, other) => other.length - one.length);
  let own = text;
  for (const name of risky) own = own.replaceAll(name, '');
  return own;
}

const newline = 0x0a;
