import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KeptTime } from '#src/state/kept-time.js';
import { RegularVerification } from '#src/sync/compare/regular-verification.js';

const hour = 3600_000;

function verificationOf(context: TestContext, interval: number, at?: number) {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1000 * hour });
  const [asked, errors] = [[] as string[], [] as unknown[]];
  const history = {
    at,
    note(now: number) {
      history.at = now;
    },
  };
  const verification = new RegularVerification({
    ...{ peers: ['web2', 'web3'], interval, history: history as unknown as KeptTime },
    async verify(peer) {
      asked.push(peer);
      if (peer === 'web2') throw new Error('it is gone');
      return { peer, compared: 1, pending: 0, divergences: [] };
    },
    onVerified: ({ peer }) => asked.push(`${peer} has answered`),
    onError: (error) => errors.push(error),
  });
  context.after(() => verification.stop());
  const pass = async (milliseconds: number) => {
    context.mock.timers.tick(milliseconds);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { verification, asked, errors, history, pass };
}

test('all peers are compared with after the interval, and after the next; one that fails holds no other up', async (context) => {
  const { verification, asked, errors, history, pass } = verificationOf(context, 3600);
  verification.start();
  await pass(0.8 * hour);
  assert.deepEqual(asked, []);
  await pass(0.4 * hour);
  assert.deepEqual([asked, errors.length], [['web2', 'web3', 'web3 has answered'], 1]);
  assert.equal(history.at, Date.now());
  await pass(1.2 * hour);
  assert.equal(asked.length, 6);
});

test('what is overdue at the start waits a minute', async (context) => {
  const late = verificationOf(context, 3600, 1);
  late.verification.start();
  await late.pass(59_000);
  assert.equal(late.asked.length, 0);
  await late.pass(1000);
  assert.equal(late.asked.length, 3);
});

test('0 is never, and nothing comes after the end', async (context) => {
  const { verification, asked, pass } = verificationOf(context, 0);
  verification.start();
  await pass(1000 * hour);
  await verification.stop();
  assert.deepEqual(asked, []);
});
