import { exitCodes } from '../errors.js';

/** The EXIT STATUS block of a command's help. */
export function exitStatusText(codes: readonly (keyof typeof exitStatusTexts)[]): string {
  const lines = codes.map((name) => `  ${String(exitCodes[name]).padStart(2)}  ${exitStatusTexts[name]}`);
  return ['EXIT STATUS', ...lines].join('\n');
}

const exitStatusTexts = {
  ok: 'all is well; of run: stopped in order',
  degraded:
    'of status: it runs, and something is wrong; of explain: the path is not synchronised; of verify: hosts differ',
  notRunning: 'inotify-csync is not running',
  usage: 'the command line is wrong',
  dataFormat: 'the file that tells what was mounted is damaged',
  noInput:
    'a file or directory that is needed is missing: csync2.cfg, an included directory, the settings file',
  unavailable: 'csync2 is missing, or its port is taken',
  software: 'a bug in inotify-csync',
  systemLimit: 'a limit of the system is too low (inotify watches)',
  cannotCreate: "the queue's directory can't be made",
  inputOutput: 'a disk fails',
  temporary:
    'try again later: the queue is in use, or its disk is full; of flush: the time is up; of verify: a peer does not answer',
  noPermission: "something may not be read or written, or isn't safe from other users",
  config: 'the settings or csync2.cfg are wrong',
} as const satisfies { [Name in keyof typeof exitCodes]: string };
