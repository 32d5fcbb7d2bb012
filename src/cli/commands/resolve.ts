import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { exitCodes } from '../../errors.js';
import type { ResolvedReply, ResolveReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { UsageError } from '../usage-error.js';
import { conflictLines } from './conflicts/render.js';

/** `resolve`: decides which version of a file in conflict is kept. */
export function addResolveCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'resolve <paths..>',
    describe: 'decide conflicts: keep the version of one host on both',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('paths', {
          type: 'string',
          array: true,
          description: 'the paths that `conflicts` lists',
        })
        .option('keep', {
          type: 'string',
          nargs: 1,
          description: 'the host whose version is kept, or `newest`: the one that was changed last',
        })
        .option('dry-run', {
          type: 'boolean',
          description: 'show both versions and what would be done',
        })
        .example('$0 resolve /srv/www/index.html --keep web1', 'both hosts get the version of web1')
        .example(
          '$0 resolve /srv/www/index.html --keep newest --dry-run',
          'only show what would be done',
        )
        .epilogue(
          exitStatusText([
            ...(['ok', 'notRunning', 'usage', 'dataFormat', 'unavailable', 'temporary'] as const),
            'noPermission',
          ]),
        ),
    handler: async (flags) => {
      const { keep, paths } = flags as { keep?: string; paths?: string[] };
      if (!keep) throw new UsageError('resolve needs --keep HOST or --keep newest', seeHelp);
      const request = {
        command: 'resolve',
        paths: (paths ?? []).map((path) => Buffer.from(resolve(path)).toString('latin1')),
        keep,
      } as const;
      const isDry = flags['dry-run'] === true;
      const ask = async (dry: boolean) =>
        (await askRunning(
          flags,
          context,
          { ...request, dry_run: dry },
          asLongAsItLikes,
        )) as ResolveReply;
      const reply = flags.json ? await ask(isDry) : await showing(ask, isDry);
      if (flags.json) process.stdout.write(`${JSON.stringify(reply)}\n`);
      const isWaiting = reply.resolved.some(({ state }) => state === 'waiting');
      context.exitCode = isWaiting ? exitCodes.temporary : exitCodes.ok;
    },
  });
}

/** Shows both versions and the planned action before it is done. */
async function showing(
  ask: (isDry: boolean) => Promise<ResolveReply>,
  isDry: boolean,
): Promise<ResolveReply> {
  const plan = await ask(true);
  for (const each of plan.resolved) {
    process.stdout.write(
      `${[...conflictLines(each, plan.host), `  -> ${each.action}`].join('\n')}\n`,
    );
  }
  if (isDry) return plan;
  const reply = await ask(false);
  for (const each of reply.resolved) process.stdout.write(`${stateText(each)}\n`);
  return reply;
}

function stateText({ hint, keep, path, peer, state }: ResolvedReply): string {
  if (state === 'done')
    return `resolved: ${path}: this host and ${peer} have the version of ${keep}`;
  return `decided, but not on both hosts yet: ${path}\n  ${hint}`;
}

/** An asked peer takes a second for each 100,000 files. */
const asLongAsItLikes = 0;
const seeHelp = 'see: inotify-csync resolve --help';
