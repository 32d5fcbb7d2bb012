import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { childrenOf, signalProcess } from '../support/cluster-namespaces.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { seededRandom } from '../support/csync2-random.js';

const skip = clusterObstacle();
/** The long form: ROUNDS=50. */
const rounds = Number(process.env.ROUNDS ?? 6);
const filesInRound = 80;

// csync2's server puts a file in its place first, then sets owner, mode and time, each in a command
// of its own, and keeps its notes in a transaction. A session that is killed leaves files that its
// database knows nothing of.
test(
  'sessions killed in the middle: no conflict is reported, and every mode is right',
  { skip },
  async (context) => {
    const random = seededRandom(context);
    const cluster = await Cluster.started(context);
    const [sender, receiver] = [cluster.node(1), cluster.node(2)];
    let killed = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (let file = 0; file < filesInRound; file += 1)
        sender.write(`${round}/${file}`, `${round} ${file}`);
      await cluster.until('a session', () => childrenOf(receiver.serverPid as number).length > 0);
      await sleep(random.below(150));
      for (const pid of childrenOf(receiver.serverPid as number)) {
        signalProcess(pid, 'SIGKILL');
        killed += 1;
      }
      await cluster.untilEqual();
      await cluster.untilQuiet();
    }
    context.diagnostic(`${killed} sessions killed`);
    assert.ok(killed > 0);
    for (const node of [sender, receiver])
      assert.deepEqual(node.logged(/was changed both here and on/), []);
    context.diagnostic(`${(await receiver.peer('node1'))?.sent} files sent back`);
    const [round, file] = [rounds - 1, filesInRound - 1];
    assert.equal(
      statSync(receiver.path(`${round}/${file}`)).mode,
      statSync(sender.path(`${round}/${file}`)).mode,
    );
  },
);
