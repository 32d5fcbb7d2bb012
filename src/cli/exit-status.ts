import { exitCodes } from '../errors.js';

type ExitName = keyof typeof exitStatusTexts;

/**
 * Makes the EXIT STATUS block of a command's help.
 *
 * @param own - the meanings of codes for this command alone
 */
export function exitStatusText(
  codes: readonly ExitName[],
  own: { readonly [Name in ExitName]?: string } = {},
): string {
  const lines = codes.map(
    (name) => `  ${String(exitCodes[name]).padStart(2)}  ${own[name] ?? exitStatusTexts[name]}`,
  );
  return ['EXIT STATUS', ...lines].join('\n');
}

const exitStatusTexts = {
  ok: 'success',
  degraded:
    'running, but degraded (status); path not synchronised (explain); hosts differ (verify); there are conflicts (conflicts)',
  notRunning: 'inotify-csync is not running',
  usage: 'invalid command line',
  dataFormat: 'the record of mounts is damaged; no version is the newest (resolve)',
  noInput:
    'a required file or directory is missing: csync2.cfg, an included directory or the settings file',
  unavailable:
    'csync2 is missing, or its port is in use; this host cannot compare, or decide (conflicts, resolve)',
  software: 'a bug in inotify-csync',
  systemLimit: 'a system limit is too low (inotify watches)',
  cannotCreate: "cannot create the queue's directory, or an output file",
  inputOutput: 'I/O error',
  temporary:
    'try again later: queue in use or disk full; timed out (flush); a peer does not answer (verify) or is paused; not on both hosts yet (resolve)',
  noPermission: 'permission denied, or insecure file permissions',
  config: 'invalid settings or csync2.cfg',
} as const satisfies { [Name in keyof typeof exitCodes]: string };
