import { display } from '../../text/path-bytes.js';
import type { CsyncConfig, GroupPattern, Place } from './model.js';
import { activePrefixes, memberGroups } from './selection.js';

/** Mistakes in a configuration that csync2 accepts. */
export const configWarnings = {
  prefixTwice: 'two prefixes have one name',
  prefixUnclean: 'csync2 never reaches the path of a prefix',
  prefixName: 'a prefix cannot be referred to',
  prefixUndefined: 'a pattern names a prefix that has no path on this host',
  neverMatches: 'a pattern cannot match anything',
  rootOnly: 'include / takes / alone',
} as const;
export type ConfigWarningKind = keyof typeof configWarnings;

export interface ConfigWarning {
  readonly kind: ConfigWarningKind;
  readonly text: string;
  readonly hint: string;
  readonly place: Place;
}

/**
 * Finds everything in `config` that csync2 accepts silently although it does not do what it seems
 * to do.
 */
export function warningsOf(config: CsyncConfig): readonly ConfigWarning[] {
  const patterns = memberGroups(config).flatMap((group) => group.patterns);
  return [
    ...prefixWarnings(config),
    ...patterns.flatMap((pattern) => patternWarnings(config, pattern)),
  ];
}

function prefixWarnings(config: CsyncConfig): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  for (const prefix of config.prefixes) {
    const { name, path, place } = prefix;
    if (!path) continue;
    const shown = `prefix ${display(name)}`;
    const latest = config.prefixes.findLast((other) => other.path && other.name.equals(name));
    if (latest !== prefix && latest?.path) {
      // It then lists the directory of the later one, and dies with "Can't stat" when that is
      // missing.
      const text = `${shown} is defined again later: csync2 uses ${display(latest.path)} for both`;
      warnings.push({ kind: 'prefixTwice', text, hint: 'give each prefix its own name', place });
    }
    if (isUnclean(path)) {
      const text = `${shown}: csync2 never reaches ${display(path)}`;
      warnings.push({
        kind: 'prefixUnclean',
        text,
        hint: 'write the path without //, . and ..',
        place,
      });
    }
    if (name.includes('%') || name.includes('/')) {
      // prefixsubst() ends the name at a percent sign, csync_check_pure() the file's name at each
      // slash.
      const text = `${shown}: with a percent sign or slash in the name csync2 stops with "Prefix … is not defined"`;
      warnings.push({ kind: 'prefixName', text, hint: 'choose a name without % and /', place });
    }
  }
  return warnings;
}

function patternWarnings(
  config: CsyncConfig,
  { text, class: kind, action, place }: GroupPattern,
): ConfigWarning[] {
  const shown = `\`${action} ${display(text)};\``;
  if (kind === 'basename') {
    if (!text.includes('/')) return [];
    const hint = 'only patterns that begin with / or %prefix% are compared with the whole path';
    return [
      {
        kind: 'neverMatches',
        text: `${shown} matches nothing: it is compared with last components`,
        hint,
        place,
      },
    ];
  }
  if (text.length === 1 && text[0] === 0x2f) {
    return [
      {
        kind: 'rootOnly',
        text: `${shown} matches only / itself and nothing below it`,
        hint: 'write /*',
        place,
      },
    ];
  }
  const name = /^%([^%*?[\\]*)%/.exec(text.toString('latin1'))?.[1];
  if (
    name !== undefined &&
    !activePrefixes(config).some((prefix) => prefix.name.toString('latin1') === name)
  ) {
    const hint = `add \`on ${config.hostName}: /path;\` to the prefix if this host should participate`;
    return [
      {
        kind: 'prefixUndefined',
        text: `${shown}: the prefix has no path on this host`,
        hint,
        place,
      },
    ];
  }
  if (isUnclean(text)) {
    const hint = 'write paths without //, . and ..';
    return [
      {
        kind: 'neverMatches',
        text: `${shown} matches nothing: no path has such components`,
        hint,
        place,
      },
    ];
  }
  return [];
}

// Names in csync2's walk have no empty components and none that is `.` or `..`.
function isUnclean(path: Buffer): boolean {
  return /\/(\/|\.{1,2}(\/|$))/.test(path.toString('latin1'));
}
