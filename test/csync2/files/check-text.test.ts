import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeOf } from '#src/csync2/files/check-text.js';

test('the type in a note, whatever a link leads to', () => {
  const owner = 'v1%3Amode=41471%3Auid=0%3Agid=0';
  assert.equal(typeOf(`${owner}%3Atype=dir`), 'dir');
  assert.equal(typeOf(`v1%3Amtime=5%3Amode=33188%3Auid=0%3Agid=0%3Atype=reg%3Asize=5`), 'reg');
  assert.equal(typeOf(`${owner}%3Atype=lnk%3Atarget=x%3Atype=reg`), 'lnk');
  assert.equal(typeOf(''), 'unknown');
});
