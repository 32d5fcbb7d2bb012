import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { seededRandom } from '../support/csync2-random.js';

const skip = clusterObstacle();
/** The long form: ROUNDS=200. */
const rounds = Number(process.env.ROUNDS ?? 12);

// Runs alone: the answers must come in time.
// What has just been received may be half received, and is left alone then. An answer is not.
test(
  'a file is answered within a quarter of a second after it has arrived',
  { skip },
  async (context) => {
    const random = seededRandom(context);
    const cluster = await Cluster.started(context, { nodes: 3 });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    for (let round = 0; round < rounds; round++) {
      // Of one size, and often within one second.
      const text = (what: string) => `${what} ${String(round).padStart(3, '0')}`;
      first.write('letter', text('question'));
      await cluster.untilRead(second, 'letter', text('question'));
      await sleep(random.below(270));
      second.write('letter', text('answer..'));
      await cluster.untilRead(first, 'letter', text('answer..'));
      await sleep(random.below(120));
    }
    await cluster.untilQuiet();
    await cluster.untilEqual();
    for (const node of cluster.nodes) {
      // For the moment until its event is seen, an answer may look like it; nothing waits for ten
      // seconds.
      const looks = node.logged(/may be only partly received/);
      assert.ok(looks.length <= 2 * rounds, `${node.name}: ${looks.length} looks`);
      assert.deepEqual(node.logged(/was changed both here and on/), [], node.name);
    }
  },
);

// csync2 closes what it has received after it has moved it into its place, and sets its time then:
// whoever is quicker than that wrote to a file that passed for received.
test('a file is answered in the very moment in which it arrives', { skip }, async (context) => {
  const cluster = await Cluster.started(context);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  const script = [
    'import os, sys',
    `path = '${cluster.root}/file'`,
    `for round in range(${rounds}):`,
    '    question = b"question %03d" % round',
    '    while True:',
    '        try:',
    '            file = os.open(path, os.O_RDWR)',
    '        except FileNotFoundError:',
    '            continue',
    '        if os.read(file, 100) == question:',
    '            break',
    '        os.close(file)',
    '    os.pwrite(file, b"answer", 0)',
    '    os.close(file)',
  ].join('\n');
  const [program = '', ...args] = second.namespaces.enter(['python3', '-c', script]);
  const answering = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  context.after(() => answering.kill('SIGKILL'));
  for (let round = 0; round < rounds; round++) {
    const number = String(round).padStart(3, '0');
    first.write('file', `question ${number}`);
    await cluster.untilRead(first, 'file', `answeron ${number}`);
  }
  await cluster.untilQuiet();
  await cluster.untilEqual();
});
