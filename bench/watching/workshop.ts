import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../endings.js';
import { BenchFailedError, BenchUsageError } from '../errors.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { type Installed, install } from './install.js';
import { ToolProcess } from './tool-handle.js';
import { peers, tools } from './tools/all.js';
import type { Tool } from './tools/tool.js';

/** A tool as it can be used here, or why it can't. */
export interface Candidate {
  readonly tool: Tool;
  readonly installed: Installed;
}

/** A directory with the installed tools and the compiled helpers; removed when the run ends. */
export class Workshop {
  readonly directory: string;
  /** Ours first. */
  readonly candidates: readonly Candidate[];
  #scratches = 0;

  private constructor(directory: string, candidates: readonly Candidate[]) {
    this.directory = directory;
    this.candidates = candidates;
  }

  /** Installs what is to be compared. */
  static async set(options: BenchOptions): Promise<Workshop> {
    removeStale(options.directory);
    const directory = mkdtempSync(join(options.directory, `${prefix}${process.pid}-`));
    atEnd(() => {
      if (options.keep) progress(`left behind: ${directory}`);
      else rmSync(directory, { recursive: true, force: true });
    });
    const chosen = ['ours', ...(options.only ?? peers.map((tool) => tool.name))];
    const unknown = chosen.filter((name) => !tools.has(name));
    if (unknown.length > 0)
      throw new BenchUsageError(
        `there is no tool ${unknown.join(', ')}`,
        `there are: ${[...tools.keys()].join(', ')}`,
      );
    const parent = join(directory, 'tools');
    mkdirSync(parent);
    const candidates: Candidate[] = [];
    for (const name of new Set(chosen)) {
      const tool = tools.get(name) as Tool;
      candidates.push({ tool, installed: await install(tool, parent) });
    }
    return new Workshop(directory, candidates);
  }

  /** Starts a tool that is installed. Throws a ToolFailure when it doesn't load. */
  load(tool: Tool, installed: string): Promise<ToolProcess> {
    return ToolProcess.load(tool, { installed, scratch: this.scratch() });
  }

  /** A new empty directory. */
  scratch(): string {
    const directory = join(this.directory, `scratch-${this.#scratches++}`);
    mkdirSync(directory);
    return directory;
  }

  /** Compiles one of the C programs beside the sources. Returns the path of the program. */
  compile(name: string): string {
    const program = join(this.directory, name);
    const source = fileURLToPath(
      new URL(`../../../bench/watching/native/${name}.c`, import.meta.url),
    );
    try {
      execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-pthread', '-o', program, source], {
        stdio: 'pipe',
      });
    } catch (error) {
      throw new BenchFailedError(`${name}.c does not compile`, String((error as Error).message), {
        cause: error,
      });
    }
    return program;
  }
}

const prefix = 'icsync-watch-';

function removeStale(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(directory, name), { recursive: true, force: true });
  }
}
