import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';

const point = '/srv/data/uploads';
const files = 200;

// The service has a mount namespace of its own, into which what the host mounts comes by
// propagation.
describe('a disk below an included directory of a real host', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.started(3);
    // On the host's own disk, so that a power loss takes the mount and not the files.
    await lab.bash(1, `mkdir -p ${point} /keep; mount --bind /keep ${point}; mkdir ${point}/deep`);
    await lab.bash(
      1,
      `for i in $(seq ${files}); do echo $i > ${point}/f$i; done; echo x > ${point}/deep/er`,
    );
    await everywhere(files + 1);
  });
  after(() => lab?.down());

  const count = async (number: number) => {
    const { stdout } = await lab.run(number, 'bash', '-c', `find ${point} -type f | wc -l`);
    return Number(stdout.trim());
  };
  const everywhere = (number: number) =>
    lab.waitFor(`${number} files on all hosts`, async () => {
      const counts = await Promise.all(lab.nodes.map((node) => count(node.number)));
      return counts.every((each) => each === number);
    });
  const unmount = () => lab.unmount(1, point);
  const status = async () => {
    const { code, stdout } = await lab.run(1, 'inotify-csync', 'status', '--json');
    return { code, ...(JSON.parse(stdout) as { roots: { path: string; state: string }[] }) };
  };
  const untilState = (state: string) =>
    lab.waitFor(`the disk to be ${state}`, async () =>
      (await status()).roots.some((root) => root.path === point && root.state === state),
    );

  async function untilWell(): Promise<void> {
    try {
      await lab.waitFor('it to be well', async () => (await status()).code === 0);
    } catch (error) {
      throw new Error(
        `${await lab.run(1, 'inotify-csync', 'status').then(({ stdout }) => stdout)}\n${error}`,
      );
    }
  }

  /** The peers keep theirs whatever is asked for, and all else goes on. */
  async function held(stamp: string): Promise<void> {
    await untilState('unmounted');
    assert.equal((await status()).code, 1);
    for (const paths of [[], ['/srv/data'], [point], [`${point}/f1`]]) {
      await lab.mustRun(1, 'inotify-csync', 'check', ...paths);
    }
    await lab.bash(1, `mkdir -p /srv/data/else; echo ${stamp} > /srv/data/else/from-1-${stamp}`);
    await lab.bash(2, `echo ${stamp} > /srv/data/from-2-${stamp}`);
    for (const [from, to] of [
      [1, 2],
      [1, 3],
      [2, 1],
    ] as const) {
      const name = from === 1 ? `else/from-1-${stamp}` : `from-2-${stamp}`;
      await lab.waitFor(
        `${name} on ${to}`,
        async () => (await lab.run(to, 'test', '-s', `/srv/data/${name}`)).code === 0,
      );
    }
    assert.deepEqual([await count(2), await count(3)], [files + 1, files + 1]);
    const line = await lab.mustRun(1, 'systemctl', 'show', '-P', 'StatusText', 'inotify-csync');
    assert.match(line, /\/srv\/data\/uploads is not mounted, but it was/);
  }

  /** Mounted again, all goes on by itself, in both directions. */
  async function heals(stamp: string): Promise<void> {
    await lab.bash(1, `mount --bind /keep ${point}`);
    await untilState('present');
    await lab.bash(1, `echo ${stamp} > ${point}/f1`);
    await lab.bash(3, `echo ${stamp} > ${point}/f2`);
    for (const [name, to] of [
      ['f1', 2],
      ['f1', 3],
      ['f2', 1],
      ['f2', 2],
    ] as const) {
      await lab.waitFor(`${name} on ${to}`, async () => {
        const { stdout } = await lab.run(to, 'cat', `${point}/${name}`);
        return stdout.trim() === stamp;
      });
    }
    await everywhere(files + 1);
    await untilWell();
  }

  test('unmounted while it works', async () => {
    await unmount();
    await held('live');
    const entries = await lab.mustRun(
      1,
      'journalctl',
      '-u',
      'inotify-csync',
      '-o',
      'cat',
      'REASON=unmounted',
      `ROOT=${point}`,
    );
    assert.match(entries, /is not mounted, but it was/);
    await heals('live');
  });

  test('unmounted while the service is stopped, and restarted', async () => {
    await lab.mustRun(1, 'systemctl', 'stop', 'inotify-csync');
    await unmount();
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync');
    await held('stopped');
    await lab.mustRun(1, 'systemctl', 'restart', 'inotify-csync');
    await held('restarted');
    await heals('stopped');
  });

  test('not mounted at the boot after a power loss', async () => {
    await lab.powerLoss(1);
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync');
    await held('boot');
    await heals('boot');
  });

  test('gone for good: accepted, and deleted on the peers', async () => {
    await unmount();
    await untilState('unmounted');
    await lab.mustRun(1, 'inotify-csync', 'accept-root', point);
    await everywhere(0);
    await untilWell();
    await lab.bash(1, `rmdir ${point}`);
    await lab.waitFor(
      'it to be gone',
      async () => (await lab.run(3, 'test', '-e', point)).code !== 0,
    );
    assert.equal((await status()).code, 0);
  });
});
