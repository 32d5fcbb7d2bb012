import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Why no cluster can be made here, for a test's `skip`; false if there is no reason. With CI=true
 * nothing is left out: there it throws.
 *
 * @param programs - what the test needs besides
 */
export function clusterObstacle(programs: readonly string[] = []): string | false {
  const obstacle = findObstacle(['csync2', 'ip', 'unshare', 'nsenter', 'mount', ...programs]);
  if (obstacle === undefined) return false;
  if (process.env.CI === 'true') throw new Error(`no cluster can be made here: ${obstacle}`);
  return obstacle;
}

function findObstacle(programs: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make network namespaces: run this as root';
  const path = (process.env.PATH ?? '').split(delimiter);
  const missing = programs.filter(
    (program) => !path.some((place) => existsSync(join(place, program))),
  );
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (see scripts/setup)`;
  const { status, stderr } = spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true']);
  return status === 0
    ? undefined
    : `this machine allows no namespaces: ${stderr.toString().trim()}`;
}
