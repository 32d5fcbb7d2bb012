import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
const mebibyte = 1024 * 1024;
/** The long form: SIZES=1,30,200,1500,4096. */
const sizes = (process.env.SIZES ?? '1,100').split(',').map(Number);

/** Writes a file of so many MiB, full of something, or of nothing if it is sparse. */
function writeLarge(path: string, size: number, isSparse: boolean): void {
  const fd = openSync(path, 'w', 0o640);
  const block = Buffer.alloc(mebibyte, 'large file ');
  for (let written = 0; written < size && !isSparse; written++) writeSync(fd, block);
  ftruncateSync(fd, size * mebibyte);
  closeSync(fd);
}

for (const nodes of [2, 3]) {
  for (const size of sizes) {
    for (const isSparse of [false, true]) {
      const what = `${isSparse ? 'sparse' : 'full'} ${size} MiB to ${nodes - 1} peers`;
      test(
        `${what}: equal, nothing comes back, and changes beside it arrive`,
        { skip },
        async (context) => {
          const cluster = await Cluster.started(context, { nodes, flags: ['--settle', '0.02'] });
          const [first, second] = [cluster.node(1), cluster.node(2)];
          writeLarge(first.path('large'), size, isSparse);
          let isOver = false;
          let changes = 0;
          const beside = (async () => {
            for (; !isOver; changes++) {
              first.write('from-first', `change ${changes}`);
              second.write('from-second', `change ${changes}`);
              await cluster.untilRead(second, 'from-first', `change ${changes}`);
              await cluster.untilRead(first, 'from-second', `change ${changes}`);
              await sleep(100);
            }
          })();
          await cluster.until('the file to be whole', () => {
            const there = statSync(second.path('large'), { throwIfNoEntry: false });
            return there?.size === size * mebibyte && (there.mode & 0o777) === 0o640;
          });
          isOver = true;
          await beside;
          context.diagnostic(`${changes} changes beside it`);
          await cluster.untilQuiet();
          await cluster.untilEqual();
          for (const node of cluster.nodes)
            assert.deepEqual(node.logged(/was changed both here and on/), []);
          for (const node of cluster.nodes.slice(1)) {
            assert.deepEqual(node.logged(/files sent in .*large/), [], node.name);
          }
        },
      );
    }
  }
}
