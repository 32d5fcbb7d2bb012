import type { Argv } from 'yargs';
import type { CommandContext } from './context.js';
import type { CommandName } from './usage-error.js';

/** Declares a command to yargs. */
export type AddCommand = (parser: Argv, context: CommandContext) => Argv;

/** Loads a command; undefined if no command has this name. */
export async function loadCommand(name: string): Promise<AddCommand | undefined> {
  return isCommand(name) ? await commands[name]() : undefined;
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** Loads all commands, in the order of the help text. */
export function loadCommands(): Promise<AddCommand[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}

/**
 * The commands by name, in the order of the help text. Only the requested ones are loaded, because
 * loading all takes a while.
 */
const commands: Readonly<Record<CommandName, () => Promise<AddCommand>>> = {
  run: async () => (await import('./commands/run.js')).addRunCommand,
  status: async () => (await import('./commands/status.js')).addStatusCommand,
  events: async () => (await import('./commands/events.js')).addEventsCommand,
  check: async () => (await import('./commands/check.js')).addCheckCommand,
  flush: async () => (await import('./commands/flush.js')).addFlushCommand,
  verify: async () => (await import('./commands/verify.js')).addVerifyCommand,
  retry: async () => (await import('./commands/retry.js')).addRetryCommand,
  pause: async () => (await import('./commands/pause.js')).addPauseCommand,
  resume: async () => (await import('./commands/pause.js')).addResumeCommand,
  conflicts: async () => (await import('./commands/conflicts.js')).addConflictsCommand,
  resolve: async () => (await import('./commands/resolve.js')).addResolveCommand,
  'accept-root': async () => (await import('./commands/accept-root.js')).addAcceptRootCommand,
  reload: async () => (await import('./commands/reload.js')).addReloadCommand,
  explain: async () => (await import('./commands/explain.js')).addExplainCommand,
  'check-config': async () => (await import('./commands/check-config.js')).addCheckConfigCommand,
  'watch-limit': async () => (await import('./commands/watch-limit.js')).addWatchLimitCommand,
  metrics: async () => (await import('./commands/metrics.js')).addMetricsCommand,
  doctor: async () => (await import('./commands/doctor.js')).addDoctorCommand,
  completion: async () => (await import('./commands/completion.js')).addCompletionCommand,
  version: async () => (await import('./commands/version.js')).addVersionCommand,
  help: async () => (await import('./commands/help.js')).addHelpCommand,
};
