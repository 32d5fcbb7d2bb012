import { spawn } from 'node:child_process';

/** How a command ended. `code` is null when a signal ended it. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What {@link runCommand} takes besides the words. */
export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to the command's standard input. */
  readonly input?: string | Buffer;
}

/**
 * Runs a command to its end and keeps what it wrote (Latin-1, so that no byte is lost). Never
 * throws for an exit code.
 */
export function runCommand(
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [command = '', ...rest] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { env: options.env, cwd: options.cwd, stdio: 'pipe' });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A command may end without having read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code,
        stdout: Buffer.concat(stdout).toString('latin1'),
        stderr: Buffer.concat(stderr).toString('latin1'),
      }),
    );
  });
}

/**
 * Like {@link runCommand}, but an exit code other than 0 throws, with all that the command said.
 * Gives its stdout.
 */
export async function mustRun(
  words: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await runCommand(words, options);
  if (result.code !== 0) {
    throw new Error(
      `${words.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`,
    );
  }
  return result.stdout;
}
