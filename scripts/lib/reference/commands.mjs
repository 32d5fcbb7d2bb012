// docs/reference/commands.md: every command, from src/cli/commands and the types of its answers.

import { commandHelps } from './command-help.mjs';
import { fieldsOf, hasType } from './declarations.mjs';
import { code, page, paragraph, sentence, table } from './markdown.mjs';

export function commandsPage() {
  return page('Commands', 'src/cli/commands', [
    paragraph(`Every command takes ${code('--json')} and ${code('--help')}. With ${code('--json')} an error is an
      object, too, with ${code('code')}, ${code('message')}, ${code('hint')} and ${code('exitCode')}. Commands that
      read the configuration take ${code('--config FILE')} and a flag for each [setting](settings.md). Exit codes
      are explained in [exit-codes.md](exit-codes.md).`),
    table(
      ['command', ''],
      commandHelps.map(({ name, text }) => [`[${name}](#${name})`, sentence(text)]),
    ),
    ...commandHelps.flatMap(section),
  ]);
}

function section({ name, words, text, positionals, options, examples, exits, takesCsync2Options }) {
  const rows = [
    ...positionals.map(({ name: argument, array, description }) => [
      code(array ? `${singular(argument).toUpperCase()}…` : argument.toUpperCase()),
      sentence(description),
    ]),
    ...options.filter((option) => option.name !== 'config').map(flagRow),
  ];
  const codes = [...exits].sort((one, other) => one.code - other.code).map((exit) => exit.code);
  const also = takesCsync2Options ? ` It takes [options of csync2](settings.md#options-of-csync2).` : '';
  return [
    `## ${name}`,
    paragraph(`${code(usage(words))}: ${text.replace(/\.?$/, '.')}${also}`),
    ...(rows.length > 0 ? [table(['argument', ''], rows)] : []),
    ...(examples.length > 0 ? [exampleBlock(examples)] : []),
    ...replyBlocks(name),
    ...(codes.length > 0 ? [`Exit status: ${codes.join(', ')}.`] : []),
  ];
}

function usage(words) {
  return `inotify-csync ${words
    .replace(/\[(\w+)\.\.\]/g, (_, name) => `[${singular(name).toUpperCase()}…]`)
    .replace(/<(\w+)\.\.>/g, (_, name) => `${singular(name).toUpperCase()}…`)
    .replace(/[[<](\w+)[\]>]/g, (whole, name) =>
      whole.startsWith('<') ? name.toUpperCase() : `[${name.toUpperCase()}]`,
    )}`;
}

function singular(name) {
  return name.replace(/s$/, '');
}

function flagRow({ name, type, description, default: value }) {
  const argument = type === 'boolean' ? '' : ` ${name.toUpperCase()}`;
  return [
    code(`--${name}${argument}`),
    sentence(description) + (value === undefined ? '' : ` Default: ${code(String(value))}.`),
  ];
}

function exampleBlock(examples) {
  const width = Math.max(...examples.map(([line]) => line.length));
  return ['```sh', ...examples.map(([line, about]) => `${line.padEnd(width)}  # ${about}`), '```'].join('\n');
}

/** The fields of what the daemon answers, if it has a type. */
function replyBlocks(name) {
  if (name === 'status') return ['With `--json`: [status-json.md](status-json.md).'];
  // It prints what it is answered line by line, in another form.
  if (name === 'events') return ['With `--json`: [a line for each event](../operate/events.md).'];
  const type = `${name.replace(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase())}Reply`;
  if (!hasType(type)) return [];
  const rows = fieldsOf(type).map((field) => [code(field.name), field.type, field.meaning]);
  return ['With `--json`:', table(['field', 'type', ''], rows)];
}
