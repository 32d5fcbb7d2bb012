/** A time on a command line: `500ms`, `30s`, `5m`, `1h`, `2d`; seconds if it has no unit. */
export const timeSpan = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;

/** Its seconds; NaN if it is none. */
export function secondsOf(text: string): number {
  const [, number, unit = 's'] = timeSpan.exec(text) ?? [];
  return number === undefined ? Number.NaN : Number(number) * (units[unit] as number);
}

/**
 * The words of a command line of a command with a flag that may stand alone: then for its usual
 * time.
 */
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
