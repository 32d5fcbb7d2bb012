/** An answer of the metrics listener: all of it, and the connection is closed. */
export type MetricsResponse = Buffer;

/** Bytes of a request's lines, with its headers. */
export const headBytesLimit = 8192;

/**
 * What to answer to the bytes that a client has sent so far; undefined as long as its request has
 * not ended. So little of HTTP (RFC 9112) is enough: one request a connection, `GET /metrics`, and
 * nothing that a client says in headers matters. Pure.
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

/** What to answer when the metrics can't be had just now. */
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

/** Of Prometheus' text format (prometheus.io, "Exposition formats"). */
const contentType = 'Content-Type: text/plain; version=0.0.4; charset=utf-8';
