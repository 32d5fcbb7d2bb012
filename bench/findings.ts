/**
 * What one benchmark found: a table for people, and the JSON object that ends its output for
 * scripts.
 */
export interface Findings {
  readonly table: string;
  readonly json: Readonly<Record<string, unknown>>;
  /**
   * Each measurement of each side, in milliseconds, undefined for one that was lost; kept by
   * `--save`.
   */
  readonly samples?: Readonly<Record<string, readonly (number | undefined)[]>>;
}
