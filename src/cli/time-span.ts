/**
 * A time on a command line, such as `500ms`, `30s`, `5m`, `1h` or `2d`; seconds if it has no unit.
 */
export const timeSpan = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;

/** Its seconds; NaN if the text is not a time. */
export function secondsOf(text: string): number {
  const [, number, unit = 's'] = timeSpan.exec(text) ?? [];
  return number === undefined ? Number.NaN : Number(number) * (units[unit] as number);
}

/** Adds the usual time to a flag that stands alone. */
export function withUsualTime(
  words: readonly string[],
  {
    command,
    flag,
    usual,
  }: { readonly command: string; readonly flag: string; readonly usual: string },
): readonly string[] {
  if (words[0] !== command) return words;
  return words.map((word, at) =>
    word === flag && !timeSpan.test(words[at + 1] ?? '') ? `${flag}=${usual}` : word,
  );
}

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
