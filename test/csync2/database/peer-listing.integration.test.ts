import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listPeer, readNote } from '#src/csync2/database/peer-listing.js';
import { encodeName } from '#src/csync2/files/name-encoding.js';
import { Runner } from '#src/csync2/run/runner.js';
import { type CsyncNode, makeCluster } from '../../support/csync2-cluster.js';

describe('what a peer has noted', () => {
  test('is told by its csync2, whatever the names', async (context) => {
    const [here, there] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
    const names = [
      'plain',
      'a b\tc',
      'x\ny',
      '%',
      'back\\slash\\011v1',
      'ü→',
      'Peer> OK (cmd_finished).',
    ];
    for (const name of names) there.write(name, name);
    there.write(`long/${'ü'.repeat(60)}`, '');
    there.csync2('-cIr', '/');
    here.csync2('-cIr', '/');
    await there.startServer();
    const { listing, noted, cut } = listingOf(here, there);
    assert.equal(await listing, true);
    const encoded = (name: string) => encodeName(Buffer.from(`%data%/${name}`)).toString('latin1');
    assert.deepEqual(
      [...noted.keys()].sort(),
      ['%25data%25', ...[...names, 'long'].map(encoded)].sort(),
    );
    const [, text] = there.ledger.notes.texts(Buffer.from(encoded('plain')), false)[0] ?? [];
    assert.equal(noted.get(encoded('plain')), text);
    assert.equal(cut.length, 1);
    assert.ok(
      encoded(`long/${'ü'.repeat(60)}`).startsWith(cut[0] ?? '-') && (cut[0]?.length ?? 0) > 50,
      cut[0],
    );
  });

  test('is not told by a peer that is not there', async (context) => {
    const [here, there] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
    here.csync2('-cIr', '/');
    assert.equal(await listingOf(here, there).listing, false);
  });

  test('is read only from lines of that form', () => {
    assert.equal(readNote('Peer> OK (cmd_finished).\\n'), undefined);
    assert.equal(readNote('Local> v1%3Atype=dir\\011/a\\n'), undefined);
    assert.deepEqual(readNote('Peer> v1%3Atype=dir\\011/a\\377777777031\\n'), {
      ...{ name: '/a\xc31', text: 'v1%3Atype=dir', isCut: false },
    });
    assert.deepEqual(readNote('Peer> v1%3Atype=dir\\011/a\\3777'), {
      ...{ name: '/a', text: 'v1%3Atype=dir', isCut: true },
    });
    assert.equal(readNote('Peer> v1%3Atype=lnk%3Atarget=aaa')?.name, '');
  });
});

function listingOf(here: CsyncNode, there: CsyncNode) {
  const [noted, cut] = [new Map<string, string>(), [] as string[]];
  const listing = listPeer(
    {
      ...{
        runner: new Runner(here.instance),
        ledger: here.ledger,
        peer: there.name,
        myName: here.name,
      },
      ...{
        directory: `${here.systemDirectory}/lanes`,
        stallSeconds: 5,
        signal: new AbortController().signal,
      },
    },
    { onNote: (name, text) => noted.set(name, text), onCut: (beginning) => cut.push(beginning) },
  );
  return { listing, noted, cut };
}
