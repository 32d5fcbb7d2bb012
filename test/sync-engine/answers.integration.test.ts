import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { seededRandom } from '../support/csync2-random.js';

const skip = clusterObstacle();
/** The long form: ROUNDS=200. */
const rounds = Number(process.env.ROUNDS ?? 15);
/** Milliseconds. In the moment between csync2's rename and its close, two writes look like one to inotify(7). */
const leastPause = 20;

// Runs alone: the answers must come in time.
// What has just been received may be half received, and is left alone then. An answer is not.
test('a file is answered within a quarter of a second after it has arrived', { skip }, async (context) => {
  const random = seededRandom(context);
  const cluster = await Cluster.started(context, { nodes: 3 });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  for (let round = 0; round < rounds; round++) {
    // Of one size, and often within one second.
    const text = (what: string) => `${what} ${String(round).padStart(3, '0')}`;
    first.write('letter', text('question'));
    await cluster.untilRead(second, 'letter', text('question'));
    await sleep(leastPause + random.below(250));
    second.write('letter', text('answer..'));
    await cluster.untilRead(first, 'letter', text('answer..'));
    await sleep(leastPause + random.below(100));
  }
  await cluster.untilQuiet();
  await cluster.untilEqual();
  for (const node of cluster.nodes) {
    // For the moment until its event is seen, an answer may look like it; nothing waits for ten seconds.
    const looks = node.logged(/may be half received/);
    assert.ok(looks.length <= 2 * rounds, `${node.name}: ${looks.length} looks`);
    assert.deepEqual(node.logged(/has changed here and on/), [], node.name);
  }
});
