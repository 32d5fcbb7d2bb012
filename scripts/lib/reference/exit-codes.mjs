// docs/reference/exit-codes.md: from src/errors.ts, src/cli/exit-status.ts, the commands and the
// unit.

import { readFileSync } from 'node:fs';
import { commandHelps } from './command-help.mjs';
import { code, page, paragraph, sentence, table } from './markdown.mjs';

const root = new URL('../../../', import.meta.url);
const { exitCodes } = await import(new URL('dist/errors.js', root));
const { exitStatusText } = await import(new URL('dist/cli/exit-status.js', root));

export function exitCodesPage() {
  return page('Exit codes', 'src/cli/exit-status.ts', [
    paragraph(`Codes from 64 on are those of ${code('sysexits.h')}; 0, 1 and 3 of ${code('status')} are those of
      the Linux Standard Base. An error is one line: what is wrong, then what to do. With ${code('--json')} it is an object.`),
    paragraph(`If ${code('run')}, that is the service, exits with a code marked *manual*, systemd does not restart
      it: manual intervention is required, and the journal says what is wrong. After any other failure systemd restarts it.`),
    table(['code', 'meaning', 'commands', 'service'], Object.entries(exitCodes).map(row)),
  ]);
}

const unit = readFileSync(new URL('systemd/inotify-csync.service', root), 'utf8');
const manual = new Set(/^RestartPreventExitStatus=(.*)$/m.exec(unit)[1].split(' ').map(Number));

function row([name, number]) {
  const [, meaning] = /^\s*\d+\s+(.*)$/m.exec(exitStatusText([name]).split('\n')[1]);
  const users = commandHelps.filter(({ exits }) => exits.some((exit) => exit.code === number));
  const own = users.flatMap(({ name: command, exits }) =>
    exits
      .filter((exit) => exit.code === number && exit.meaning !== meaning)
      .map((exit) => `${exit.meaning} (${command})`),
  );
  const everywhere = users.length === commandHelps.filter(({ exits }) => exits.length > 0).length;
  return [
    String(number),
    sentence([meaning, ...own].join('; ')),
    everywhere ? 'all' : users.map(({ name: command }) => code(command)).join(', '),
    manual.has(number) ? '*manual*' : '',
  ];
}
