import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { CheckReply } from '../../observe/control-replies.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import { exitStatusText } from '../exit-status.js';
import { withSettingFlags } from '../setting-flags.js';
import { counted, showReply } from '../show-reply.js';

/** `check`: makes the daemon check some paths, or everything. */
export function addCheckCommand(parser: Argv, context: CommandContext): Argv {
  return parser.command({
    command: 'check [paths..]',
    describe: 'check paths and everything below them now, or everything at the next quiet moment',
    builder: (own) =>
      withSettingFlags(own, context)
        .positional('paths', {
          type: 'string',
          array: true,
          description: 'paths to check; everything if none',
        })
        .option('dry-run', { type: 'boolean', description: 'only show what the check would find' })
        .example('$0 check', 'a full check at the next quiet moment')
        .example('$0 check /srv/www', 'this tree now')
        .example('$0 check /srv/www --dry-run', 'what has changed in it without being noticed')
        .epilogue(exitStatusText(['ok', 'notRunning', 'usage', 'noPermission'])),
    handler: async (flags) => {
      // A word that is not UTF-8 has lost its bytes. `check DIRECTORY` reaches such names.
      const paths = (flags.paths as string[] | undefined)?.map((path) =>
        Buffer.from(resolve(path)).toString('latin1'),
      );
      const isPreview = flags['dry-run'] === true;
      const command = isPreview ? 'preview-check' : 'check';
      const request = { command, ...(paths?.length ? { paths } : {}) } as const;
      // Walking a large tree may take any time.
      const seconds = isPreview ? 0 : undefined;
      const reply = (await askRunning(flags, context, request, seconds)) as CheckReply;
      showReply(flags, reply, textOf);
      if (flags.json) return;
      for (const path of reply.outside) {
        process.stderr.write(
          `inotify-csync: not checked, because csync2 synchronises nothing there: ${path}\n`,
        );
      }
    },
  });
}

function textOf({ queued, found }: CheckReply): string {
  if (found) return foundText(found);
  if (queued === 'everything') return 'queued: a full check at the next quiet moment';
  return `queued: ${counted(queued.length, 'path')} with everything below`;
}

function foundText({
  changed,
  deleted,
  new: fresh,
  paths,
}: NonNullable<CheckReply['found']>): string {
  const all = changed + deleted + fresh;
  if (all === 0) return 'nothing to send: all is as csync2 has noted it';
  const lines = paths.map(({ path, what }) => `  ${what.padEnd(7)}  ${path}`);
  if (all > paths.length) lines.push(`  and ${all - paths.length} more`);
  return [`would be sent: ${changed} changed, ${fresh} new, ${deleted} deleted`, ...lines].join(
    '\n',
  );
}
