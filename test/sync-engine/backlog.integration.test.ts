import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
/** A backlog that is sent within two seconds has no pace: then there is a larger one. */
const backlogs = [2000, 8000, 32_000];

test(
  'a backlog that is sent is told with its pace and the time that is left',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const peer = async () => (await first.peer('node2')) ?? assert.fail('no such peer');
    for (const files of backlogs) {
      assert.equal((await first.command('pause')).code, 0);
      for (let index = 0; index < files; index++)
        first.write(`of-${files}/${index % 30}/${index}`, 'text');
      await cluster.until('the backlog', async () => ((await peer()).pending ?? 0) >= files);
      const paused = await peer();
      assert.deepEqual([paused.sent_per_second, paused.eta_s], [null, null]);

      assert.equal((await first.command('resume')).code, 0);
      let seen = await peer();
      let text = '';
      await cluster.until('its pace, or its end', async () => {
        seen = await peer();
        text = (await first.command('status')).stdout;
        return seen.pending === 0 || (seen.eta_s !== null && text.includes(' left'));
      });
      if (seen.pending === 0) continue;
      assert.ok((seen.sent_per_second ?? 0) > 0 && (seen.eta_s ?? 0) > 0, JSON.stringify(seen));
      assert.match(
        text,
        /^ {2}node2: ok, last sent .* ago, [\d,]+ files pending, [\d,]+\/s, about \d+ \w+ left; /m,
      );
      context.diagnostic(
        `${files} files: ${text.split('\n').find((line) => line.includes(' left'))}`,
      );
      await cluster.until('its end', async () => (await peer()).pending === 0);
      const over = await peer();
      assert.deepEqual([over.sent_per_second, over.eta_s], [null, null]);
      assert.equal(second.read(`of-${files}/0/0`), 'text');
      return;
    }
    assert.fail('no backlog was large enough to have a pace');
  },
);
