/** What every command is given besides its own arguments. */
export interface CommandContext {
  /** The words of the command line that are options of csync2. */
  readonly csync2Arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** To be set by a command that ends in another way than well. */
  exitCode: number;
}
