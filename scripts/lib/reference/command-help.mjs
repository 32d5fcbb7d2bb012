// What each command says of itself to yargs: arguments, flags, examples, exit codes.

import { readdirSync } from 'node:fs';
import { commandLines } from '../man-parts.mjs';

const folder = new URL('../../../dist/cli/commands/', import.meta.url);
const context = { csync2Arguments: [], environment: {}, exitCode: 0 };

/**
 * The commands, in the order of the help:
 * `{ name, words, text, positionals, options, examples, exits }`.
 */
export const commandHelps = await readCommandHelps();

async function readCommandHelps() {
  const recorded = new Map();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.js')) continue;
    const exported = Object.entries(await import(new URL(file, folder)));
    for (const [name, add] of exported) if (/^add\w+Command$/.test(name)) record(add, recorded);
  }
  return commandLines().map(([words, text]) => {
    const [name] = words.split(' ');
    return { name, words, text, ...(recorded.get(name) ?? { positionals: [], options: [], examples: [], exits: [] }) };
  });
}

function record(add, recorded) {
  const parser = recorder({
    command: ({ builder, command }) => {
      const help = { positionals: [], options: [], examples: [], exits: [], takesCsync2Options: false };
      const own = recorder({
        positional: (name, about) => void help.positionals.push({ name, ...about }),
        option: (name, about) => void (about.hidden || help.options.push({ name, ...about })),
        example: (line, about) => void help.examples.push([line.replace('$0', 'inotify-csync'), about]),
        epilogue: (text) => {
          help.exits.push(...exitsIn(text));
          help.takesCsync2Options = text.includes('OPTIONS OF CSYNC2');
        },
      });
      builder(own);
      recorded.set(command.split(' ')[0], help);
    },
  });
  add(parser, context);
}

/** Stands for yargs: every method gives it back, and these are called besides. */
function recorder(methods) {
  const self = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...words) => {
          methods[name]?.(...words);
          return self;
        },
    },
  );
  return self;
}

function exitsIn(text) {
  const block = text.slice(text.indexOf('EXIT STATUS'));
  return [...block.matchAll(/^\s+(\d+) {2}(.*)$/gm)].map(([, code, meaning]) => ({ code: Number(code), meaning }));
}
