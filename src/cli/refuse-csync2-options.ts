import type { CommandContext } from './context.js';
import { UsageError } from './usage-error.js';

/** Refuses csync2's options for commands that don't use them. Throws UsageError. */
export function refuseCsync2Options({ csync2Arguments: [word] }: CommandContext): void {
  if (word !== undefined)
    throw new UsageError(`there is no ${word} here`, 'see the --help of the command');
}
