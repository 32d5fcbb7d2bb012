/** A complete answer of the metrics listener. The connection is closed after it. */
export type MetricsResponse = Buffer;

/** The most bytes of a request's lines, with its headers. */
export const headBytesLimit = 8192;

/**
 * The answer to the bytes that a client has sent so far; undefined while its request is incomplete.
 * A small part of HTTP (RFC 9112) is enough, with one request a connection, only `GET /metrics`,
 * and headers ignored. Pure.
 *
 * @param body - makes the metrics, in the text format
 */
export function metricsResponse(head: Buffer, body: () => Buffer): MetricsResponse | undefined {
  const limited = head.subarray(0, headBytesLimit);
  const isWhole = limited.includes('\r\n\r\n') || limited.includes('\n\n');
  if (!isWhole && head.length > headBytesLimit)
    return response('431 Request Header Fields Too Large');
  if (!isWhole) return undefined;
  const line = /^([A-Za-z]+) ([^ \r\n]+) HTTP\/1\.[01]\r?\n/.exec(limited.toString('latin1'));
  if (!line) return response('400 Bad Request');
  const [, method, target = ''] = line;
  if (target.split('?')[0] !== '/metrics')
    return response('404 Not Found', plain('the metrics are at /metrics\n'));
  if (method !== 'GET') return response('405 Method Not Allowed', { headers: ['Allow: GET'] });
  return response('200 OK', { headers: [contentType], body: body() });
}

/** The answer when the metrics can't be made at the moment. */
export function failedResponse(): MetricsResponse {
  return response('503 Service Unavailable');
}

interface Content {
  readonly headers?: readonly string[];
  readonly body?: Buffer;
}

function plain(text: string): Content {
  return { headers: ['Content-Type: text/plain; charset=utf-8'], body: Buffer.from(text) };
}

function response(status: string, { headers = [], body = Buffer.alloc(0) }: Content = {}): Buffer {
  const lines = [
    `HTTP/1.1 ${status}`,
    ...headers,
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

/** The type of Prometheus' text format (prometheus.io, "Exposition formats"). */
const contentType = 'Content-Type: text/plain; version=0.0.4; charset=utf-8';
