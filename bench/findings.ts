/** What one benchmark found: a table for people, and the JSON object that ends its output for scripts. */
export interface Findings {
  readonly table: string;
  readonly json: Readonly<Record<string, unknown>>;
}
