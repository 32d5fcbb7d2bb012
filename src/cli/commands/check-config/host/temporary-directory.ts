import { statSync } from 'node:fs';
import type { NativeSelection } from '../../../../native/selection.js';
import { display, type PathBytes } from '../../../../text/path-bytes.js';
import type { HostWarning } from './warning.js';

export interface TemporaryDirectoryFacts {
  /** The `tempdir` statement. */
  readonly path: string | undefined;
  /** The device of the directory; undefined if there is no such directory. */
  readonly device: number | undefined;
  /** Whether csync2 would synchronise files in the directory. */
  readonly isSelected: boolean;
  readonly trees: readonly { readonly path: PathBytes; readonly device: number | undefined }[];
  readonly configFile: string;
}

/**
 * Warns of an unsuitable `tempdir`. csync2 renames received files from there into place (rsync.c),
 * which works only within one file system.
 */
export function temporaryDirectoryWarnings(facts: TemporaryDirectoryFacts): HostWarning[] {
  const { path, device, isSelected, trees, configFile } = facts;
  const warning = (text: string, hint: string): HostWarning => ({
    kind: 'tempdir',
    text,
    hint,
    place: configFile,
  });
  const advice =
    'name a directory on the file system of the trees that is not synchronised, the same on every host';
  if (path === undefined) {
    return [
      warning(
        'tempdir is not set, so csync2 writes temporary files inside the synchronised trees',
        `${advice}: \`tempdir /srv/.csync2-tmp;\``,
      ),
    ];
  }
  if (device === undefined) {
    return [
      warning(
        `tempdir ${path} is not a directory: nothing can be received`,
        'create it, on every host',
      ),
    ];
  }
  const warnings: HostWarning[] = [];
  if (isSelected) {
    warnings.push(warning(`tempdir ${path} is synchronised itself`, `exclude it, or ${advice}`));
  }
  for (const tree of trees) {
    if (tree.device === undefined || tree.device === device) continue;
    const shown = display(tree.path);
    warnings.push(
      warning(
        `tempdir ${path} is on another file system than ${shown}: files can't be moved into place`,
        advice,
      ),
    );
  }
  return warnings;
}

export function readTemporaryDirectoryFacts(
  path: string | undefined,
  trees: readonly PathBytes[],
  selection: Pick<NativeSelection, 'explain'>,
  configFile: string,
): TemporaryDirectoryFacts {
  return {
    path,
    device: path === undefined ? undefined : deviceOf(path),
    isSelected:
      path?.startsWith('/') === true &&
      selection.explain(Buffer.from(`${path.replace(/\/+$/, '')}/x`)) === 2,
    trees: trees.map((tree) => ({ path: tree, device: deviceOf(tree) })),
    configFile,
  };
}

function deviceOf(path: string | Buffer): number | undefined {
  try {
    const found = statSync(path);
    return found.isDirectory() ? found.dev : undefined;
  } catch {
    return undefined;
  }
}
