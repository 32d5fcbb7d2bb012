import assert from 'node:assert/strict';
import { chmodSync, lstatSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { askDaemon } from '#src/observe/control-client.js';
import type { Status } from '#src/observe/status.js';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { type CommandResult, runCommand } from '../support/command.js';

const skip = clusterObstacle(['setpriv']);
const group = 65_531;

test(
  'a group reads status and metrics of a real daemon, no path, and nothing else',
  { skip },
  async (context) => {
    const cluster = await Cluster.make(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const directory = join(cluster.folder, 'node1', 'run');
    chmodSync(cluster.folder, 0o711);
    chmodSync(join(cluster.folder, 'node1'), 0o711);
    // As systemd makes it.
    chmodSync(directory, 0o700);
    const groups = join(cluster.folder, 'group');
    writeFileSync(groups, `root:x:0:\ninotify-csync:x:${group}:\n`, { mode: 0o644 });
    await first.mustRun('mount', '--bind', groups, '/etc/group');
    first.write('confidential-name', 'as the first has it');
    await cluster.initialise();
    // A conflict, so that a path is on hold.
    first.write('confidential-name', 'changed here');
    second.write('confidential-name', 'and changed there');
    for (const node of [first, second]) node.start();
    await cluster.until(
      'a file on hold',
      async () =>
        (await first.peer('node2'))?.on_hold.some(({ path }) => path.endsWith('name')) ?? false,
    );

    assert.deepEqual(
      [lstatSync(directory).mode & 0o7777, lstatSync(directory).gid],
      [0o710, group],
    );
    const open = readdirSync(directory).filter(
      (name) => statSync(join(directory, name)).mode & 0o077,
    );
    assert.deepEqual(open, ['status.sock'], 'all else there is root alone');

    const member = ['--reuid=65534', '--regid=65534', `--groups=${group}`];
    const shown = await asked(member, 'status', '--runtime-directory', directory);
    assert.equal(shown.code, 1);
    assert.match(shown.stdout, /node2: .* 1 on hold/);
    assert.match(shown.stdout, /hidden +3 paths, which only root may see/);
    const json = await asked(member, 'status', '--json', '--runtime-directory', directory);
    for (const text of [shown.stdout, json.stdout])
      assert.ok(!text.includes('confidential') && !text.includes(cluster.root));
    assert.equal((JSON.parse(json.stdout) as Status).paths_left_out, 3);
    const metrics = await asked(member, 'metrics', '--runtime-directory', directory);
    assert.match(metrics.stdout, /\ninotify_csync_peer_on_hold_files\{peer="node2"\} 1\n/);
    for (const words of [
      ['check'],
      ['retry'],
      ['flush', '--wait=0'],
      ['verify'],
      ['reload'],
      ['accept-root', '/'],
    ]) {
      const { code, stderr } = await asked(member, ...words, '--runtime-directory', directory);
      assert.deepEqual([code, stderr.includes('run this as root')], [77, true], words[0]);
    }
    const read = join(directory, 'status.sock');
    await assert.rejects(askDaemon(read, { command: 'retry' }), { code: 'ICS_READ_ONLY' });
    const stranger = await asked(
      ['--reuid=65534', '--regid=65534', '--clear-groups'],
      ...['status', '--runtime-directory', directory],
    );
    assert.equal(stranger.code, 77);

    await first.stop();
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.endsWith('.sock')),
      [],
    );
    assert.equal((await asked(member, 'status', '--runtime-directory', directory)).code, 3);
  },
);

test(
  'without the group there is no read socket, and the journal says so once',
  { skip },
  async (context) => {
    const cluster = await Cluster.make(context);
    const first = cluster.node(1);
    const groups = join(cluster.folder, 'group');
    writeFileSync(groups, 'root:x:0:\n', { mode: 0o644 });
    await first.mustRun('mount', '--bind', groups, '/etc/group');
    await cluster.initialise();
    first.start();
    await cluster.untilWorking(first);
    const directory = join(cluster.folder, 'node1', 'run');
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.endsWith('.sock')),
      ['control.sock'],
    );
    const lines = first.logged(/only root can ask for the status/);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', / info: .*there is no group inotify-csync/);
  },
);

test(
  'an address that is taken is said, and keeps no change from being sent',
  { skip },
  async (context) => {
    const cluster = await Cluster.make(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const taken = join(cluster.folder, 'taken');
    writeFileSync(taken, 'a file');
    first.flags = ['--metrics-listen', taken];
    await cluster.initialise();
    await cluster.start();
    first.write('file', 'text');
    await cluster.untilRead(second, 'file', 'text');
    assert.equal(first.logged(/ error: cannot serve metrics at .*taken: .*EADDRINUSE/).length, 1);
  },
);

/** Asks the daemon with the program of this checkout, as somebody. */
function asked(who: readonly string[], ...words: readonly string[]): Promise<CommandResult> {
  return runCommand(['setpriv', ...who, process.execPath, program, ...words], {
    env: { ...process.env },
  });
}

const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));
