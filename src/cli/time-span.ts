/** A time on a command line: `500ms`, `30s`, `5m`, `1h`, `2d`; seconds if it has no unit. */
export const timeSpan = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;

/** Its seconds; NaN if it is none. */
export function secondsOf(text: string): number {
  const [, number, unit = 's'] = timeSpan.exec(text) ?? [];
  return number === undefined ? Number.NaN : Number(number) * (units[unit] as number);
}

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
