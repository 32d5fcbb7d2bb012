/**
 * Started with descriptors from 3 on, as the service manager passes them; prints what it takes of
 * them.
 */
import { spawnSync } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { takeStored } from '#src/systemd/fd-store.js';

const passedAs = [3, 4, 5, 6, 7, 8, 9, 10];
const watch = takeStored('watch') ?? null;
const again = takeStored('watch') ?? null;
const other = takeStored('other') ?? null;
const twice = takeStored('twice') ?? null;
const single = takeStored('single') ?? null;
const open = passedAs.filter((fd) => {
  try {
    return fstatSync(fd) !== undefined;
  } catch {
    return false;
  }
});
const child = spawnSync(
  'bash',
  [
    '-c',
    'for fd in 3 4 6 7; do [ -e /proc/self/fd/$fd ] && readlink /proc/self/fd/$fd; done; true',
  ],
  {
    encoding: 'utf8',
  },
);
const inherited = child.stdout
  .split('\n')
  .filter((line) => line.includes('inotify') || line.includes('memfd'));
const variables = Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'));
console.log(JSON.stringify({ watch, again, other, twice, single, open, inherited, variables }));
