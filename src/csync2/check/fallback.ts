/** Why a path is left to the csync2 program instead of being checked in our own process. */

/** One sentence for each reason, for logs and the status. */
export const fallbackText = {
  program: 'this csync2 is not the version whose checks are known',
  server: "csync2's database is not SQLite",
  options: 'csync2_options may change what a check does',
  configuration: 'csync2.cfg is not as it was read, or cannot be read',
  prefixes: 'csync2.cfg defines a prefix twice, or one with a percent sign or slash in its name',
  database: "csync2's database cannot be used, or has unknown tables",
  row: "csync2's database holds a note that is no text",
  maintenance: 'csync2.lock exists',
  commands: 'csync2 may have to run commands (do-local)',
  link: 'it lies behind a symbolic link',
  path: 'csync2 writes this path differently',
  unreadable: 'it cannot be accessed',
  busy: "csync2's database is locked by another process",
} as const;

/** A reason. */
export type Fallback = keyof typeof fallbackText;

/** Whether a reason holds until somebody changes the configuration or the program. */
export function isLasting(reason: Fallback): boolean {
  return lasting.has(reason);
}

/** The lasting ones among some reasons, in words. */
export function lastingTexts(reasons: Iterable<string>): string[] {
  const present = new Set(reasons);
  return [...lasting].flatMap((reason) => (present.has(reason) ? [fallbackText[reason]] : []));
}

const lasting: ReadonlySet<Fallback> = new Set([
  'program',
  'server',
  'options',
  'prefixes',
  'database',
  'commands',
]);
