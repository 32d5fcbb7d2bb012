/** The data that every command gets besides its own arguments. */
export interface CommandContext {
  /** The words of the command line that are options of csync2. */
  readonly csync2Arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A command sets this when it does not succeed. */
  exitCode: number;
}
