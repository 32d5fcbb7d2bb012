import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

// A write to a mapping makes no event as long as the file is open (inotify(7), "Limitations").
const mappedWriter = `
import mmap, sys
file = open(sys.argv[1], 'r+b')
mapping = mmap.mmap(file.fileno(), 0)
for line in sys.stdin:
    mapping[0:5] = line.encode()[0:5]
    mapping.flush()
    print('written', flush=True)
`;

test(
  'what the watcher cannot see is found by the regular full check, sent, and counted',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(
      context,
      { flags: ['--full-sync-interval', '4'] },
      (made) => {
        made.node(1).write('mapped', '01234 and more');
        made.node(1).write('plain', 'plain');
      },
    );
    const [sender, peer] = [cluster.node(1), cluster.node(2)];
    const write = mapped(context, sender.path('mapped'));
    sender.write('plain', 'seen by the watcher');
    await cluster.untilRead(peer, 'plain', 'seen by the watcher');
    // csync2 tells changes by whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await write('56789');
    await cluster.untilRead(peer, 'mapped', '56789 and more');
    await cluster.until(
      'the miss to be counted',
      async () => (await sender.status())?.detected_late.count === 1,
    );
    const status = await sender.status();
    assert.deepEqual(status?.detected_late.paths, [`${cluster.root}/mapped`]);
    assert.equal(sender.logged(/found only by the full check: .*mapped/).length, 1);
    assert.equal(
      (await peer.status())?.detected_late.count,
      0,
      'what came from the peer is no miss',
    );
  },
);

/** Maps a file, and gives a function that writes five bytes into the mapping. */
function mapped(context: TestContext, file: string): (text: string) => Promise<void> {
  const writer = spawn('python3', ['-c', mappedWriter, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  context.after(() => writer.kill('SIGKILL'));
  return async (text) => {
    writer.stdin.write(`${text}\n`);
    await once(writer.stdout, 'data');
  };
}
