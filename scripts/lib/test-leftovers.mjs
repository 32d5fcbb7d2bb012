// Finds and removes what a test file has left on this machine: processes, mounts, loop devices,
// control groups, files.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The variable that marks the processes of a test file. */
export const mark = 'INOTIFY_CSYNC_TEST';

/**
 * Removes all that a file has left, and tells of it, a line each. `id` is the value of its
 * processes' {@link mark}, `folder` its directory for temporary files, `pid` its process, which has
 * ended, if that is known.
 *
 * @param {{ id: string, folder: string, pid?: number }} file
 * @returns {Promise<string[]>}
 */
export async function removeLeftovers({ id, folder, pid }) {
  const found = [];
  let processes = processesOf(id);
  // What has been killed takes a moment to go.
  for (let attempt = 0; processes.length > 0 && attempt < 20; attempt++) {
    await sleep(100);
    processes = processesOf(id);
  }
  for (const each of processes) found.push(`process ${each.pid}: ${each.words}`);
  for (let attempt = 0; processes.length > 0 && attempt < 50; attempt++) {
    for (const each of processes) kill(each.pid);
    await sleep(100);
    processes = processesOf(id);
  }
  for (const point of mountsBelow(folder).reverse()) {
    found.push(`mount ${point}`);
    spawnSync('umount', ['--lazy', '--', point]);
  }
  for (const device of loopDevicesOf(folder)) {
    found.push(`loop device ${device}`);
    spawnSync('losetup', ['--detach', device]);
  }
  for (const group of controlGroupsOf(pid)) {
    found.push(`control group ${group}`);
    rmdirSync(group);
  }
  for (const name of namesIn(folder)) found.push(`${name} in the directory for temporary files`);
  // Node's own removal goes by path, and ends at PATH_MAX.
  spawnSync('rm', ['-rf', '--one-file-system', '--', folder]);
  return found;
}

/** Pids and words of the processes that carry a mark, or one below it; zombies have none. */
function processesOf(id) {
  const found = [];
  const wanted = new RegExp(`(^|\\0)${mark}=${id}[/\\0]`);
  for (const pid of namesIn('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    if (!wanted.test(read(`/proc/${pid}/environ`).toString('latin1'))) continue;
    const words = read(`/proc/${pid}/cmdline`).toString('latin1').replaceAll('\0', ' ').trim();
    found.push({ pid: Number(pid), words });
  }
  return found;
}

/** Mount points below a folder, in the order in which they were mounted. */
function mountsBelow(folder) {
  return read('/proc/self/mountinfo')
    .toString('latin1')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, digits) => octal(digits)))
    .filter((point) => point.startsWith(`${folder}/`));
}

function octal(digits) {
  return String.fromCharCode(Number.parseInt(digits, 8));
}

function loopDevicesOf(folder) {
  return namesIn('/sys/block')
    .filter((name) => read(`/sys/block/${name}/loop/backing_file`).toString('latin1').startsWith(`${folder}/`))
    .map((name) => `/dev/${name}`);
}

/** The groups in which tests take memory or processes from daemons. */
function controlGroupsOf(pid = 0) {
  return ['memory', 'pids'].flatMap((controller) => {
    const parent = `/sys/fs/cgroup/${controller}`;
    const names = namesIn(parent).filter((name) => new RegExp(`^ics-(churn|test)-${pid}-`).test(name));
    return names.map((name) => join(parent, name));
  });
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function namesIn(directory) {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Empty if it is not there, or not ours to read. */
function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
