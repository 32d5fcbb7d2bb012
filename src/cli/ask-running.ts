import { readFileSync } from 'node:fs';
import { parseCsync2Options, runtimeDirectory } from '../config/index.js';
import { askDaemon } from '../observe/control-client.js';
import type { ControlRequest } from '../observe/control-protocol.js';
import { controlSocket } from '../state/run-files.js';
import type { CommandContext } from './context.js';
import { type ParsedFlags, settingTexts } from './setting-flags.js';

/**
 * Asks the daemon whose runtime directory the command line, the environment or the settings file gives; whatever else is
 * wrong there is no reason not to ask. `seconds`: see `askDaemon`. Throws what `runtimeDirectory` and `askDaemon` throw.
 */
export function askRunning(
  flags: ParsedFlags,
  context: CommandContext,
  request: ControlRequest,
  seconds?: number,
): Promise<unknown> {
  // They say nothing of the socket, but may be wrong.
  parseCsync2Options(context.csync2Arguments);
  const directory = runtimeDirectory({
    ...settingTexts(flags),
    environment: context.environment,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  return askDaemon(controlSocket(directory), request, seconds);
}
