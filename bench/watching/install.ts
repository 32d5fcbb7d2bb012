import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { progress } from '../progress.js';
import type { Source, Tool } from './tools/tool.js';

const run = promisify(execFile);

/** Where a tool has been installed, or why it could not be. */
export type Installed = { readonly directory: string } | { readonly obstacle: string };

/**
 * Installs a tool below `parent` and nowhere else. Never throws: a tool that can't be had is
 * reported.
 */
export async function install(tool: Tool, parent: string): Promise<Installed> {
  const directory = join(parent, tool.name);
  mkdirSync(directory);
  if (!tool.source) return { directory };
  progress(`installing ${tool.title}`);
  try {
    await ('npm' in tool.source
      ? npm(tool.source.npm, directory)
      : apt(tool.source.apt, directory));
    return { directory };
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const obstacle = reasonIn(stderr, tool.source) ?? message.split('\n')[0] ?? 'nobody knows why';
    progress(`${tool.title} cannot be installed: ${obstacle}`);
    return { obstacle };
  }
}

async function npm(name: string, directory: string): Promise<void> {
  writeFileSync(join(directory, 'package.json'), '{"private":true}');
  await run('npm', ['install', '--no-audit', '--no-fund', name], { cwd: directory, maxBuffer });
}

/** Downloads a package and what it depends on that is not installed here, and unpacks them. */
async function apt(name: string, directory: string): Promise<void> {
  const archives = join(directory, 'archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const options = [
    '-qq',
    '-y',
    '-o',
    `Dir::Cache::archives=${archives}`,
    '-o',
    'Debug::NoLocking=1',
  ];
  await run(
    'apt-get',
    [...options, '--download-only', '--no-install-recommends', 'install', name],
    {
      maxBuffer,
    },
  );
  for (const archive of readdirSync(archives).filter((file) => file.endsWith('.deb'))) {
    await run('dpkg-deb', ['--extract', join(archives, archive), directory]);
  }
}

/** The line in which a compiler, npm or apt says what is wrong. */
function reasonIn(text: string, source: Source): string | undefined {
  const lines = text.split('\n').map((line) => line.replace(/^npm error /, '').trim());
  const compiler = lines.find((line) => /\berror: /.test(line));
  if (compiler) return `does not compile with Node ${process.versions.node}: ${compiler}`;
  const packager = lines.find((line) => /^(E: |code E|.*npm error)/.test(line));
  return packager && `${'npm' in source ? 'npm' : 'apt-get'}: ${packager}`;
}

const maxBuffer = 64 * 1024 * 1024;
