import { lstatSync } from 'node:fs';
import {
  type Csync2Options,
  type LoadedSettings,
  originText,
  propertyOf,
  type SettingName,
  settingNames,
} from '../../../config/index.js';
import {
  activePrefixes,
  type ConfigWarningKind,
  type CsyncConfig,
  memberGroups,
  type Peer,
  type Place,
  peersOf,
  treesOf,
  warningsOf,
} from '../../../csync2/cfg/index.js';
import type { InotifyCsyncError } from '../../../errors.js';
import { MissingRootError, requireRoots } from '../../../sync/guard/required-roots.js';
import { display } from '../../../text/path-bytes.js';
import type { HostWarning, HostWarningKind } from './host/warning.js';

/** The output of `check-config --json`. Paths and patterns are shown as `display` shows them. */
export interface ConfigReport {
  readonly hostName: string;
  /** Every file of csync2's configuration that was read. */
  readonly files: readonly string[];
  readonly peers: readonly Peer[];
  /** The trees that are watched. */
  readonly roots: readonly {
    readonly path: string;
    readonly exists: boolean;
    readonly places: readonly string[];
  }[];
  readonly groups: readonly {
    readonly name: string;
    readonly auto: string;
    readonly patterns: readonly {
      readonly action: string;
      readonly pattern: string;
      readonly place: string;
    }[];
  }[];
  readonly prefixes: readonly { readonly name: string; readonly path: string }[];
  /**
   * First the warnings about csync2.cfg, then those about the host. `place` is `FILE:LINE`, a file,
   * or empty.
   */
  readonly warnings: readonly {
    readonly kind: ConfigWarningKind | HostWarningKind;
    readonly text: string;
    readonly hint: string;
    readonly place: string;
  }[];
  readonly csync2Options: Csync2Options;
  readonly settingsFile: string | null;
  readonly settings: {
    readonly [Name in SettingName]: { readonly value: unknown; readonly origin: string };
  };
}

export function configReport(
  loaded: LoadedSettings,
  config: CsyncConfig,
  hostWarnings: readonly HostWarning[],
): ConfigReport {
  return {
    hostName: config.hostName,
    files: config.files,
    peers: peersOf(config),
    roots: treesOf(config).map(({ path, patterns }) => ({
      path: display(path),
      exists: lstatSync(path, { throwIfNoEntry: false }) !== undefined,
      places: patterns.map(({ place }) => placeText(place)),
    })),
    groups: memberGroups(config).map(({ name, auto, patterns }) => ({
      name,
      auto,
      patterns: patterns.map(({ action, text, place }) => ({
        action,
        pattern: display(text),
        place: placeText(place),
      })),
    })),
    prefixes: activePrefixes(config).map(({ name, path }) => ({
      name: display(name),
      path: display(path),
    })),
    warnings: [
      ...warningsOf(config).map(({ kind, text, hint, place }) => ({
        kind,
        text,
        hint,
        place: placeText(place),
      })),
      ...hostWarnings,
    ],
    csync2Options: loaded.csync2Options,
    settingsFile: loaded.file ?? null,
    settings: Object.fromEntries(
      settingNames.map((name) => {
        const value = loaded.settings[propertyOf(name)];
        return [name, { value, origin: originText(loaded.origins[name]) }];
      }),
    ) as ConfigReport['settings'],
  };
}

/**
 * The error for an included path that is missing. csync2 would treat it as a tree whose files have
 * all been deleted.
 */
export function missingRoot(config: CsyncConfig): InotifyCsyncError | undefined {
  const exact = treesOf(config).filter((root) => root.exact);
  try {
    requireRoots(
      exact.map(({ path, patterns: [pattern] }) => ({
        path,
        place: pattern ? placeText(pattern.place) : config.file,
      })),
    );
    return undefined;
  } catch (error) {
    if (error instanceof MissingRootError) return error;
    throw error;
  }
}

function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}
