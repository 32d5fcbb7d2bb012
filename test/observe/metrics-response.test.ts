import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headBytesLimit, metricsResponse } from '#src/observe/metrics-response.js';

const body = Buffer.from('inotify_csync_up 1\n');

/** The status line and the body of an answer. */
function answer(request: string | Buffer): [string, string] | undefined {
  const text = metricsResponse(Buffer.from(request), () => body)?.toString('latin1');
  if (text === undefined) return undefined;
  const [head = '', content = ''] = text.split('\r\n\r\n');
  assert.match(head, new RegExp(`\r\nContent-Length: ${content.length}\r\nConnection: close$`));
  return [head.split('\r\n')[0] ?? '', content];
}

test('GET /metrics, as Prometheus, curl and old clients ask', () => {
  for (const request of [
    'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9823\r\nAccept-Encoding: gzip\r\n\r\n',
    'GET /metrics HTTP/1.0\r\n\r\n',
    'GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /metrics HTTP/1.1\nHost: x\n\n',
  ]) {
    assert.deepEqual(answer(request), ['HTTP/1.1 200 OK', body.toString()], request);
  }
});

test('a request that has not ended has no answer yet', () => {
  for (const request of [
    '',
    'G',
    'GET /metrics HTTP/1.1\r\n',
    'GET /metrics HTTP/1.1\r\nHost: x\r\n',
  ]) {
    assert.equal(answer(request), undefined);
  }
});

test('everything else is refused, and makes no metrics', () => {
  for (const [request, status] of [
    ['GET / HTTP/1.1\r\n\r\n', '404'],
    ['GET /metrics/ HTTP/1.1\r\n\r\n', '404'],
    ['GET //metrics HTTP/1.1\r\n\r\n', '404'],
    ['GET http://x/metrics HTTP/1.1\r\n\r\n', '404'],
    ['POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n', '405'],
    ['HEAD /metrics HTTP/1.1\r\n\r\n', '405'],
    ['get /metrics HTTP/1.1\r\n\r\n', '405'],
    ['GET /metrics\r\n\r\n', '400'],
    ['GET  /metrics HTTP/1.1\r\n\r\n', '400'],
    ['GET /metrics HTTP/2.0\r\n\r\n', '400'],
    ['\r\n\r\n', '400'],
    ['\u0016\u0003\u0001\r\n\r\n', '400'],
    ['{"command":"accept-root","path":"/srv"}\n\n', '400'],
  ] as const) {
    const refuse = (): Buffer => assert.fail(`${request} makes metrics`);
    const found = metricsResponse(Buffer.from(request), refuse)?.toString('latin1');
    assert.equal(found?.split(' ')[1], status, request);
  }
});

test('a request is no longer than a few kilobytes', () => {
  const long = `GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(headBytesLimit)}`;
  for (const request of [long, `${long}\r\n\r\n`]) {
    assert.equal(answer(request)?.[0], 'HTTP/1.1 431 Request Header Fields Too Large');
  }
});
