import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

/**
 * csync2 that halts before or behind its work in the mode that is asked for, as long as the file
 * `halt` is there.
 */
const haltingCsync2 = (folder: string) => `#!/bin/sh
halt() {
  [ "$(cat '${folder}/halt' 2>/dev/null)" = "$1" ] || return 0
  : > '${folder}/halted'
  while [ -e '${folder}/halt' ]; do sleep 0.01; done
}
case " $* " in
  *' -ii '*) exec csync2 "$@" ;;
  *' -u '*) mode=push ;;
  *' -c '* | *' -cr '*) mode=check ;;
  *) exec csync2 "$@" ;;
esac
halt "before $mode"
csync2 "$@"
code=$?
halt "after $mode"
exit $code
`;

// Between the snapshot of a lane, its push and the merge of what was sent; before and behind a
// check.
const points = ['before check', 'after check', 'before push', 'after push'] as const;
for (const point of points) {
  for (const how of ['daemon', 'all'] as const) {
    test(
      `killed ${point}: ${how === 'daemon' ? 'the daemon alone' : 'the daemon with all that it runs'}`,
      { skip },
      async (context) => {
        const { cluster, halt, goOn, halted } = await halting(context);
        const [sender, peer] = [cluster.node(1), cluster.node(2)];
        halt(point);
        sender.write('new/file', 'new');
        sender.write('old', 'rewritten');
        sender.remove('gone');
        await cluster.until(`a halt ${point}`, halted);
        await (how === 'daemon' ? sender.stop('SIGKILL') : sender.crash());
        goOn();
        sender.start();
        await cluster.untilRead(peer, 'new/file', 'new');
        await cluster.untilRead(peer, 'old', 'rewritten');
        await cluster.untilRead(peer, 'gone', undefined);
        await cluster.untilQuiet();
        await cluster.untilEqual();
      },
    );
  }
}

test(
  'what changes while a push is halted behind its work is sent again',
  { skip },
  async (context) => {
    const { cluster, halt, goOn, halted } = await halting(context);
    const [sender, peer] = [cluster.node(1), cluster.node(2)];
    halt('after push');
    sender.write('old', 'first');
    await cluster.until('a halt', halted);
    sender.write('old', 'last!');
    const checked = sender.logEnd;
    await cluster.until(
      'the second check',
      () => sender.logged(/checked [1-9]/, checked).length > 0,
    );
    goOn();
    await cluster.untilRead(peer, 'old', 'last!');
    await cluster.untilQuiet();
  },
);

async function halting(context: TestContext) {
  const cluster = await Cluster.make(context);
  const { folder } = cluster;
  const program = join(folder, 'halting-csync2');
  writeFileSync(program, haltingCsync2(folder));
  chmodSync(program, 0o755);
  const sender = cluster.node(1);
  sender.flags = ['--csync2', program];
  sender.write('old', 'old');
  sender.write('gone', 'gone');
  await cluster.initialise();
  await cluster.start();
  return {
    cluster,
    halt: (point: string) => writeFileSync(join(folder, 'halt'), point),
    goOn: () => rmSync(join(folder, 'halt')),
    halted: () => existsSync(join(folder, 'halted')),
  };
}
