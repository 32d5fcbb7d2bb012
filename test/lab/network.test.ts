import { existsSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';

describe('a peer that can not be reached', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.started(3);
  });
  after(() => lab?.down());

  for (const trouble of ['cut', 'blackhole'] as const) {
    test(`${trouble}: the others get the change at once, it when it is back`, async () => {
      await lab.link(trouble, 3);
      writeFileSync(`${lab.node(1).data}/while-${trouble}`, 'text\n');
      await lab.waitFor(
        'the change on node2',
        () => existsSync(`${lab.node(2).data}/while-${trouble}`),
        10,
      );
      await lab.link('heal', 3);
      await lab.waitUntilEqual(180);
    });
  }
});
