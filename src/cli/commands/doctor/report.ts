import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import {
  type LoadedSettings,
  originText,
  propertyOf,
  settingNames,
} from '../../../config/index.js';
import { selectionOf } from '../../../csync2/cfg/index.js';
import { configFile } from '../../../csync2/cfg/load.js';
import { resolveInstance } from '../../../csync2/run/resolve-instance.js';
import { readLimits } from '../../../limits/inotify-limits.js';
import { readPseudoMounts } from '../../../limits/pseudo-mounts.js';
import { packageVersion } from '../../../proc/package-version.js';
import { queueHolder } from '../../../queue/from-outside.js';
import { plain, type Style } from '../../style.js';
import { keyFilesOf, redactedConfig, withoutSecrets } from './redact.js';
import { auditWatches } from './watch-audit.js';

/** A part of the report. A part that can't be determined says why. */
export interface DoctorSection {
  readonly title: string;
  readonly text: string;
}

/** The sources of the report. */
export interface DoctorParts {
  /** Reads all settings. Throws an InotifyCsyncError. */
  readonly settings: () => LoadedSettings;
  /** Asks the daemon for its status. */
  readonly status: () => Promise<unknown>;
}

/**
 * Gathers everything that a bug report needs. Never throws. A part that fails says so, and the
 * others continue.
 */
export async function doctorReport({
  settings,
  status,
}: DoctorParts): Promise<readonly DoctorSection[]> {
  const loaded = attempt(settings);
  const of = (part: (known: LoadedSettings) => string) =>
    attempt(() => part(typeof loaded === 'string' ? fail(loaded) : loaded));
  const secrets = typeof loaded === 'string' ? [] : secretsOf(loaded);
  const sections: readonly (readonly [string, string])[] = [
    ['versions', versions(typeof loaded === 'string' ? 'csync2' : loaded.settings.csync2)],
    ['limits of the kernel', attempt(() => lines(Object.entries(readLimits())))],
    ['settings', of(settingsText)],
    ['csync2.cfg', of(configText)],
    ['status', await status().then(json, (error: unknown) => trouble(error))],
    ['watches', of(watchesText)],
    ['journal', of(journalText)],
    ["csync2's server log", of(serverLogText)],
  ];
  return sections.map(([title, text]) => ({
    title,
    text: withoutSecrets(text, secrets).trimEnd(),
  }));
}

/** The report as one text. */
export function doctorText(sections: readonly DoctorSection[], style: Style = plain): string {
  const parts = sections.map(({ title, text }) => `${style.strong(`==== ${title}`)}\n${text}\n`);
  return `Report of inotify-csync doctor. Keys, passwords, comments and commands of csync2.cfg have been removed;
names of hosts and files have not: read it before you publish it.

${parts.join('\n')}`;
}

function versions(csync2: string): string {
  return lines([
    ['inotify-csync', packageVersion()],
    ['node', process.version],
    ['kernel', release()],
    [
      'system',
      attempt(
        () => /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '',
      ),
    ],
    ['systemd', firstLine(output('systemctl', ['--version']))],
    ['csync2', firstLine(output(csync2, ['-h']))],
  ]);
}

function settingsText({ csync2Options, file, origins, settings }: LoadedSettings): string {
  const rows = settingNames.map(
    (name) =>
      [
        name,
        `${JSON.stringify(settings[propertyOf(name)])}  (${originText(origins[name])})`,
      ] as const,
  );
  return lines([
    ['file', file ?? 'none'],
    ['csync2 options', JSON.stringify(csync2Options)],
    ...rows,
  ]);
}

function configText({ csync2Options, settings }: LoadedSettings): string {
  const main = configFile(settings.cfgPath, csync2Options.configName);
  const known = attempt(() => instanceOf(settings, csync2Options).config.files);
  const files = typeof known === 'string' ? [main] : known;
  const texts = files.map(
    (name) => `---- ${name}\n${attempt(() => redactedConfig(readFileSync(name, 'latin1')))}`,
  );
  return [...(typeof known === 'string' ? [known] : []), ...texts].join('\n');
}

function watchesText({ csync2Options, settings }: LoadedSettings): string {
  const pid = queueHolder(settings.queueFile);
  if (pid === undefined) return 'no daemon runs, or this user may not see it';
  const { config } = instanceOf(settings, csync2Options);
  const { directories, missing, unreadable, watches } = auditWatches(
    pid,
    selectionOf(config),
    readPseudoMounts(),
  );
  return lines([
    ['watches of process', `${pid}: ${watches}`],
    ['directories on disk', `${directories}, of these ${unreadable} not readable`],
    ['without a watch', String(missing.count)],
    ...missing.first.map((path) => ['', path] as const),
  ]);
}

function journalText({ csync2Options: { configName } }: LoadedSettings): string {
  const unit = configName === undefined ? 'inotify-csync' : `inotify-csync@${configName}`;
  return output('journalctl', ['-u', unit, '-n', '200', '-o', 'short-precise', '--no-pager', '-q']);
}

function serverLogText({ settings }: LoadedSettings): string {
  return readFileSync(settings.csyncLog, 'latin1').split('\n').slice(-serverLogLines).join('\n');
}

function instanceOf(
  settings: LoadedSettings['settings'],
  options: LoadedSettings['csync2Options'],
) {
  const request = { ...options, program: settings.csync2, systemDirectory: settings.cfgPath };
  return resolveInstance(request, { readKeys: false });
}

/** The keys themselves, because csync2 writes them into its messages at high verbosity. */
function secretsOf({ csync2Options, settings }: LoadedSettings): string[] {
  const files = attempt(() => instanceOf(settings, csync2Options).config.files);
  const main = configFile(settings.cfgPath, csync2Options.configName);
  return (typeof files === 'string' ? [main] : files).flatMap((file) => {
    const text = attempt(() => readFileSync(file, 'latin1'));
    return keyFilesOf(text, settings.cfgPath).flatMap((key) =>
      attempt(() => readFileSync(join(key), 'latin1')).split(/[\n\0]/, 1),
    );
  });
}

function output(program: string, words: readonly string[]): string {
  try {
    return execFileSync(program, words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...outputLimits,
    });
  } catch (error) {
    // csync2 -h exits with 1 and prints its version on stderr.
    const { stderr, stdout } = error as { stderr?: string; stdout?: string };
    return `${stdout ?? ''}${stderr ?? ''}` || trouble(error);
  }
}

/** The result of an action, or the reason for its failure as a text. */
function attempt<Result>(action: () => Result): Result | string {
  try {
    return action();
  } catch (error) {
    return trouble(error);
  }
}

function fail(reason: string): never {
  throw new Error(reason);
}

function trouble(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '') ?? '';
}

function lines(rows: readonly (readonly [string, unknown])[]): string {
  return rows.map(([name, value]) => `${name.padEnd(nameWidth)} ${value}`).join('\n');
}

const nameWidth = 30;
const serverLogLines = 100;
const outputLimits = { maxBuffer: 16 * 1024 * 1024, timeout: 20_000 };
