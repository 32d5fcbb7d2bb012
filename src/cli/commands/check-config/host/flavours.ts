import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { allProcesses, programOf } from '../../../../proc/process.js';
import type { DatabaseFacts } from './database.js';
import type { HostWarning } from './warning.js';

export interface Build {
  readonly path: string;
  /** The version that the program prints. */
  readonly version: string;
  /** The program keeps times in nanoseconds, as csync2 2.1.1 with `-b` does. */
  readonly hasNanoseconds: boolean;
}

export interface FlavourFacts {
  /** The program that the settings name; undefined if it can't be run. */
  readonly used: Build | undefined;
  /** Other builds on this host. */
  readonly others: readonly Build[];
  /** The program of the running csync2 server, if it is not the one in use. */
  readonly serverProgram: string | undefined;
  readonly timeUnit: DatabaseFacts['timeUnit'];
}

/**
 * Warns of several builds. Builds that write the database differently treat every file as changed
 * when they follow one another.
 */
export function flavourWarnings({
  used,
  others,
  serverProgram,
  timeUnit,
}: FlavourFacts): HostWarning[] {
  if (!used) return [];
  const warnings: HostWarning[] = [];
  for (const other of others) {
    if (other.version === used.version && other.hasNanoseconds === used.hasNanoseconds) continue;
    warnings.push({
      kind: 'flavour',
      text: `there is another csync2 (${other.version}) beside ${used.path} (${used.version})`,
      hint: 'keep one build, the same on every host',
      place: other.path,
    });
  }
  if (serverProgram !== undefined) {
    warnings.push({
      kind: 'flavour',
      text: `the running csync2 server is ${serverProgram}, but the settings name ${used.path}`,
      hint: 'restart the server, or name its program with the setting csync2',
      place: serverProgram,
    });
  }
  const unit = used.hasNanoseconds ? 'nanoseconds' : 'seconds';
  if (timeUnit !== undefined && timeUnit !== unit) {
    warnings.push({
      kind: 'flavour',
      text: `the database was written by another csync2: it has times in ${timeUnit}, ${used.path} keeps ${unit}`,
      hint: 'every file will be checked and sent once; use the same build on every host',
      place: used.path,
    });
  }
  return warnings;
}

export async function readFlavourFacts(
  program: string,
  timeUnit: DatabaseFacts['timeUnit'],
): Promise<FlavourFacts> {
  const folders = [...new Set([...(process.env.PATH ?? '').split(':'), ...usual])].filter(Boolean);
  const found = folders.map((folder) => `${folder}/csync2`).filter((path) => existsSync(path));
  const usedPath = program.includes('/') ? program : found[0];
  const paths = [
    ...new Set([...(usedPath ? [usedPath] : []), ...found].filter(existsSync).map(real)),
  ];
  const builds = (await Promise.all(paths.map(readBuild))).filter((build) => build !== undefined);
  const used = builds.find(({ path }) => usedPath !== undefined && path === real(usedPath));
  const server = serverProgram();
  return {
    used,
    others: builds.filter((build) => build !== used),
    serverProgram: server !== undefined && server !== used?.path ? server : undefined,
    timeUnit,
  };
}

const usual = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/usr/bin'];

function real(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/**
 * Runs csync2 without a mode, so that it prints its usage, which names version and options, and
 * does nothing else.
 */
function readBuild(path: string): Promise<Build | undefined> {
  return new Promise((resolve) => {
    execFile(path, [], { timeout: 3000, encoding: 'latin1' }, (_error, stdout, stderr) => {
      const usage = stdout + stderr;
      const [first] = /^\s*csync2 \S+/m.exec(usage) ?? [];
      const [, version] = /^Version: (\S+)/m.exec(usage) ?? [];
      if (first === undefined && version === undefined) return resolve(undefined);
      const text = [first?.trim(), version].filter((part) => part !== undefined).join(', version ');
      resolve({ path, version: text, hasNanoseconds: /^\s*-b\b/m.test(usage) });
    });
  });
}

/** The program of a running `csync2 -ii`, if we may see it. */
function serverProgram(): string | undefined {
  return allProcesses()
    .map(programOf)
    .find((path) => path !== undefined && /\/csync2( \(deleted\))?$/.test(path));
}
