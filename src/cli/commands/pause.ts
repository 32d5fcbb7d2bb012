import type { Argv } from 'yargs';
import type { PauseReply, ResumeReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { type ParsedFlags, withSettingFlags } from '../setting-flags.js';
import { showReply } from '../show-reply.js';

/** `pause`: sends nothing to some peers, or to all, until they are resumed. */
export function addPauseCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'pause [peers..]',
    describe:
      'send nothing to these peers, or to all, until resume; changes wait, and receiving continues',
    builder: (own) =>
      withPeers(own, context)
        .example(
          '$0 pause web2',
          'before maintenance of web2; returns when nothing is on its way to it',
        )
        .example('$0 pause', 'all peers, also after a restart or a reboot')
        .epilogue(exitStatus),
    handler: async (flags) => {
      const request = { command: 'pause', ...peersOf(flags) } as const;
      const reply = (await askRunning(flags, context, request, pauseSeconds)) as PauseReply;
      showReply(flags, reply, ({ paused, already }) =>
        sentence([
          ['paused', paused],
          ['already paused', already],
        ]),
      );
    },
  });
}

/** `resume`: sends to some peers, or to all, what is pending for them. */
export function addResumeCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'resume [peers..]',
    describe: 'send to paused peers again, to these or to all, beginning with what waits',
    builder: (own) =>
      withPeers(own, context)
        .example('$0 resume web2', 'after its maintenance')
        .example(
          '$0 resume && inotify-csync flush',
          'all peers, and wait until they have everything',
        )
        .epilogue(exitStatus),
    handler: async (flags) => {
      const request = { command: 'resume', ...peersOf(flags) } as const;
      const reply = (await askRunning(flags, context, request)) as ResumeReply;
      showReply(flags, reply, ({ resumed, not_paused: others }) =>
        sentence([
          ['resumed', resumed],
          ['not paused', others],
        ]),
      );
    },
  });
}

function withPeers(parser: Argv, context: CommandContext): Argv {
  return withSettingFlags(parser, context).positional('peers', {
    type: 'string',
    array: true,
    description: 'names of peers; all if none',
  });
}

function peersOf(flags: ParsedFlags): { readonly peers?: readonly string[] } {
  const peers = flags.peers as readonly string[] | undefined;
  return peers?.length ? { peers } : {};
}

function sentence(parts: readonly (readonly [what: string, peers: readonly string[]])[]): string {
  const told = parts.filter(([, peers]) => peers.length > 0);
  if (told.length === 0) return 'this host has no peers';
  return told.map(([what, peers]) => `${what}: ${peers.join(', ')}`).join('; ');
}

const exitStatus = exitStatusText([
  'ok',
  'notRunning',
  'usage',
  'inputOutput',
  'temporary',
  'noPermission',
]);
/** A running update may have to be ended first. */
const pauseSeconds = 60;
