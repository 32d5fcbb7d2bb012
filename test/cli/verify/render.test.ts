import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderVerified } from '#src/cli/commands/verify/render.js';
import type { DifferenceReply, VerifiedReply } from '#src/observe/control-replies.js';

const same: VerifiedReply = {
  ...{ peer: 'web2', error: null, compared: 1, pending: 0 },
  ...{ differences: [], different: 0, repaired: 0 },
};
const differing = (sender: DifferenceReply['sender']): VerifiedReply => ({
  ...same,
  different: 1,
  differences: [{ path: '/srv/one', here: 'file, 1 byte', there: 'file, 2 bytes', sender }],
});
const render = (...peers: readonly VerifiedReply[]) => renderVerified({ equal: false, peers });

test('one thing is one', () => {
  assert.equal(render(same), 'web2: the same, 1 name');
  assert.equal(render({ ...same, pending: 1 }), 'web2: the same, 1 name, and 1 is on the way');
  assert.equal(render({ ...same, pending: 2 }), 'web2: the same, 1 name, and 2 are on the way');
  const theirs = render(differing('there')).split('\n');
  assert.equal(theirs[0], 'web2: 1 of 1 name differs');
  assert.equal(theirs[2], '  1 is to be sent from web2: inotify-csync verify --repair there');
});

test('where nothing decides, the commands that do are named', () => {
  assert.match(
    render(differing('nobody')),
    /what `inotify-csync conflicts` lists, run `inotify-csync resolve PATH --keep HOST`/,
  );
  assert.doesNotMatch(render(differing('here')), /resolve/);
});

test('a peer that could not be compared with says why', () => {
  assert.equal(
    render({ ...same, error: 'the peer cannot be reached' }),
    'web2: not compared: the peer cannot be reached',
  );
});
