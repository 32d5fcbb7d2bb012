/**
 * A number of things, for people: `1 file`, `1,240 files`; with `things`, `1 directory is` and
 * `2 directories are`.
 */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${grouped(count)} ${count === 1 ? thing : things}`;
}

/** A whole number with its thousands apart: `171,856`. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}
