import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { lastWords, outcomeText } from '../run/result.js';
import type { Runner } from '../run/runner.js';

/**
 * Makes csync2 open its database once, which creates it with its tables. Otherwise two first calls
 * at the same time would collide. Also shows whether csync2 can be run and accepts its
 * configuration.
 *
 * Throws a {@link CsyncUnusableError}.
 */
export async function prepareDatabase(runner: Runner): Promise<void> {
  const result = await runner.run({ mode: ['-H'], stallSeconds: 60 });
  // 2 is csync2's "nothing to list".
  if (result.outcome === 'done' || result.exitCode === 2) return;
  const said = lastWords(result.said, 1) || (result.output ?? '');
  const { program } = runner.instance;
  switch (result.outcome) {
    case 'not-found':
      throw new CsyncUnusableError(
        `${program} cannot be run${said ? `: ${said}` : ''}`,
        exitCodes.unavailable,
        'install it (`apt-get install csync2 libsqlite3-0`), or name it with the setting `csync2`',
      );
    case 'config':
      throw new CsyncUnusableError(
        `csync2 rejects its configuration: ${said}`,
        exitCodes.config,
        'run `inotify-csync check-config`',
      );
    case 'maintenance':
      throw new CsyncUnusableError(
        `csync2 is switched off: ${said}`,
        exitCodes.temporary,
        'remove csync2.lock when the maintenance is over',
      );
    default:
      throw new CsyncUnusableError(
        `csync2 cannot use its database: ${said || outcomeText[result.outcome]}`,
        exitCodes.unavailable,
        'run `csync2 -H` by hand; check that libsqlite3.so.0 is installed, and who may write the database directory',
      );
  }
}

/** csync2 can't be run as it is configured. */
export class CsyncUnusableError extends InotifyCsyncError {
  constructor(message: string, exitCode: number, hint: string) {
    super('ICS_CSYNC2_UNUSABLE', exitCode, message, hint);
  }
}
