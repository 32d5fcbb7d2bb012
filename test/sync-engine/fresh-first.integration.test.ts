import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
/** The long form: FILES=10000. */
const files = Number(process.env.FILES ?? 2000);

test(`fresh changes overtake ${files} files that are on their way`, { skip }, async (context) => {
  const cluster = await Cluster.started(context);
  const [sender, peer] = [cluster.node(1), cluster.node(2)];
  for (let index = 0; index < files; index++)
    sender.write(`bulk/${index % 30}/${index}`, `bulk ${index}`);
  const arrived = () => count(peer.path('bulk'));
  for (const [fresh, begun] of [50, 500, 1000].entries()) {
    await cluster.until(`${begun} files to have arrived`, () => arrived() >= begun);
    const name = `fresh-${fresh}`;
    sender.write(name, 'fresh');
    await cluster.untilRead(peer, name, 'fresh');
    // The order decides, not the time.
    const before = arrived();
    context.diagnostic(`${name} was there when ${before} of ${files} files were`);
    assert.ok(before < files, `${name} came after all ${before} files of the bulk`);
  }
  await cluster.untilEqual();
  await cluster.untilQuiet();
});

function count(directory: string): number {
  try {
    return readdirSync(directory).reduce(
      (sum, name) => sum + readdirSync(`${directory}/${name}`).length,
      0,
    );
  } catch {
    return 0;
  }
}
