import type { Argv } from 'yargs';
import type { CommandContext } from './context.js';
import { loadCommand } from './load-command.js';

/** The operands and flags of a command. */
export interface CommandWords {
  readonly text: string;
  readonly operands: readonly Operand[];
  readonly flags: readonly Flag[];
}

/** A word without dashes. */
export interface Operand {
  readonly name: string;
  /** Any number of words may follow. */
  readonly isList: boolean;
}

export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly text: string;
  readonly takesValue: boolean;
  /** Help leaves the flag out because it belongs to a setting. */
  readonly isHidden: boolean;
}

/** The words that a command declares to yargs; undefined if there is no such command. */
export async function commandWords(name: string): Promise<CommandWords | undefined> {
  const add = await loadCommand(name);
  if (!add) return undefined;
  const { default: yargs } = await import('yargs');
  let text = '';
  const operands = new Map<string, Operand>();
  const flags: Flag[] = [];
  const own = recorder(yargs(), {
    positional: (operand, { array }) =>
      operands.set(operand, { name: operand, isList: array === true }),
    option: (flag, { description, hidden, type }) =>
      flags.push({
        name: flag,
        text: typeof description === 'string' ? description : '',
        takesValue: type !== 'boolean',
        isHidden: hidden === true,
      }),
  });
  const parser = recorder(yargs(), {
    command: (command: unknown) => {
      const { builder, describe } = command as CommandModule;
      text = describe;
      builder(own);
    },
  });
  add(parser, nothing);
  return { text, operands: [...operands.values()], flags };
}

/** The argument of `yargs.command` in a command. */
interface CommandModule {
  readonly describe: string;
  readonly builder: (own: Argv) => unknown;
}

interface About {
  readonly array?: boolean;
  readonly description?: unknown;
  readonly hidden?: boolean;
  readonly type?: string;
}

/** A yargs that only calls the given methods in place of its own. Every method returns it. */
function recorder(
  parser: Argv,
  methods: Readonly<Record<string, (name: string, about: About) => unknown>>,
): Argv {
  const self: Argv = new Proxy(parser, {
    get: (_, name) => (word: string, about: About) => {
      methods[String(name)]?.(word, about);
      return self;
    },
  });
  return self;
}

const nothing: CommandContext = { csync2Arguments: [], environment: {}, exitCode: 0 };
