import { gzipSync, brotliCompressSync, deflateSync } from 'node:zlib'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ResourceLimits } from '../../../../src/model/goal.ts'
import { createMeter } from '../../../../src/services/executor/meter.ts'
import { bodyOf, makeFetch, makeWeb, startHttp, startRaw, startSaying } from './http.fixture.ts'

const digest = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')

describe('http.fetch', () => {
  it('returns what a server says', async () => {
    const server = await startHttp((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'set-cookie': 'a=b', 'x-own': 'y', etag: '"1"' }).end('<p>häuser</p>')
    })

    const output = await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/a?b=1#c` })

    expect(output).toEqual({
      url: `http://one.example:${server.port}/a?b=1`,
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', etag: '"1"', date: expect.any(String) },
      contentType: 'text/html; charset=utf-8',
      body: '<p>häuser</p>',
      encoding: 'utf8',
      bytes: 14,
      truncated: false,
      sha256: digest('<p>häuser</p>'),
      redirects: [],
    })
  })

  it('sends the path and the query as they are, its own headers, and no cookies or referrer', async () => {
    const seen: unknown[] = []
    const server = await startHttp((request, response) => {
      seen.push(request.url, request.headers)
      response.end()
    })

    await makeFetch([server])('http.fetch.v1', {
      url: `http://one.example:${server.port}/%41/ü?q=%20'`,
      headers: { Accept: 'text/plain', 'X-A': 'b' },
    })

    expect(seen).toEqual([
      '/%41/%C3%BC?q=%20%27',
      {
        host: `one.example:${server.port}`,
        connection: 'close',
        'user-agent': 'planner-exec',
        accept: 'text/plain',
        'accept-encoding': 'gzip, br',
        'x-a': 'b',
      },
    ])
  })

  it('takes any status as an answer', async () => {
    const server = await startHttp((_, response) => response.writeHead(503, { 'retry-after': '7' }).end('later'))

    const output = await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` })

    expect(output).toMatchObject({ status: 503, body: 'later', headers: { 'retry-after': '7' } })
  })

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['GZIP, identity', gzipSync],
    ['gzip, gzip', (text: Buffer) => gzipSync(gzipSync(text))],
    ['br, gzip', (text: Buffer) => gzipSync(brotliCompressSync(text))],
  ])('decodes %s', async (name, encode) => {
    const server = await startHttp((_, response) => response.writeHead(200, { 'content-encoding': name }).end(encode(Buffer.from('hello'))))

    expect(await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` })).toMatchObject({ body: 'hello', bytes: 5 })
  })

  it.each([
    ['latin1 by name', 'text/plain; charset=ISO-8859-1', Buffer.from('é', 'latin1'), 'é'],
    ['UTF-16 by name', 'text/plain; charset="utf-16le"', Buffer.from('é', 'utf16le'), 'é'],
    ['UTF-8 without a name', 'text/plain', Buffer.from('é'), 'é'],
    ['a byte order mark', 'text/plain', Buffer.from('\ufeffé'), 'é'],
    ['what is no UTF-8, with marks', 'text/plain', Buffer.from([0x61, 0xff]), 'a\ufffd'],
    ['text without a type', '', Buffer.from('{"a":1}'), '{"a":1}'],
  ])('reads %s', async (_, type, content, body) => {
    const server = await startHttp((_request, response) => response.writeHead(200, type === '' ? {} : { 'content-type': type }).end(content))

    expect(await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` })).toMatchObject({ body, encoding: 'utf8' })
  })

  it.each([
    ['image/png', Buffer.from([0x89, 0x50, 0xff])],
    ['application/octet-stream', Buffer.from('a\0b')],
    ['text/plain; charset=klingon', Buffer.from('abc')],
  ])('returns %s that is no text as base64', async (type, content) => {
    const server = await startHttp((_, response) => response.writeHead(200, { 'content-type': type }).end(content))

    const output = await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` })

    expect(output).toMatchObject({ body: content.toString('base64'), encoding: 'base64', sha256: digest(content) })
  })

  it('cuts a body at maxBytes, between characters, and gives it no digest', async () => {
    const server = await startHttp((_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('aé'.repeat(1000)))

    const output = await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/`, maxBytes: 5 })

    expect(output).toMatchObject({ body: 'aéa', bytes: 5, truncated: true, sha256: null })
  })

  it.each(['HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Encoding: gzip\r\n\r\nunwanted!', 'HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n'])(
    'reads no body of a HEAD request, whatever is sent: %j',
    async (answer) => {
      const server = await startSaying(answer)

      const output = await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/`, method: 'HEAD' })

      expect(output).toMatchObject({ status: 200, body: '', bytes: 0 })
    },
  )

  it('passes over interim answers', async () => {
    const server = await startSaying(
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    )

    expect(await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` })).toMatchObject({ status: 200, body: 'ok' })
  })

  it('counts every request before it dials, and stops at the limit of the run', async () => {
    const server = await startHttp((_, response) => response.writeHead(302, { location: '/again' }).end())
    const limits = ResourceLimits.parse({ max_network_requests: 3 })
    const meter = createMeter(limits)

    await expect(makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` }, { meter, limits })).rejects.toMatchObject({
      code: 'RESOURCE_LIMIT',
    })
    expect(server.connections()).toBe(3)
  })

  it('asks no proxy that the environment names', async () => {
    const proxy = await startSaying('HTTP/1.1 200 OK\r\n\r\nproxied')
    const server = await startSaying('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ndirect')
    const before = { ...process.env }
    Object.assign(process.env, {
      HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
      http_proxy: `http://127.0.0.1:${proxy.port}`,
      ALL_PROXY: `http://127.0.0.1:${proxy.port}`,
      NODE_USE_ENV_PROXY: '1',
    })
    try {
      expect(await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` })).toMatchObject({ body: 'direct' })
    } finally {
      process.env = before
    }
  })

  it.each([
    ['a URL that is none', { url: 'example.com' }],
    ['a user name', { url: 'http://a@example.com/' }],
    ['another method', { url: 'http://example.com/', method: 'POST' }],
    ['a body', { url: 'http://example.com/', body: 'x' }],
    ['a line break in a header', { url: 'http://example.com/', headers: { 'x-a': 'b\r\nx-c: d' } }],
    ['a line break in the name of a header', { url: 'http://example.com/', headers: { 'x-a\r\nx-c': 'd' } }],
    ['a NUL in a header', { url: 'http://example.com/', headers: { 'x-a': 'b\0' } }],
    ['a letter beyond ASCII in a header', { url: 'http://example.com/', headers: { 'x-a': 'ċ\u010d\u010a' } }],
    ['a header twice', { url: 'http://example.com/', headers: { 'x-a': 'b', 'X-A': 'c' } }],
    ['too much', { url: 'http://example.com/', maxBytes: 11 * 1024 * 1024 }],
    ['too long', { url: 'http://example.com/', timeoutMs: 120_001 }],
    ...[
      'Host',
      'Connection',
      'Transfer-Encoding',
      'Content-Length',
      'Content-Encoding',
      'Accept-Encoding',
      'Cookie',
      'Authorization',
      'Proxy-Authorization',
      'Proxy-Connection',
      'TE',
      'Trailer',
      'Upgrade',
      'Expect',
      'Forwarded',
      'X-Forwarded-For',
      'X-HTTP-Method-Override',
      'X-Method-Override',
      'Metadata-Flavor',
      'X-Original-URL',
      'X-aws-ec2-metadata-token',
    ].map((name): [string, Record<string, unknown>] => [`the header ${name}`, { url: 'http://example.com/', headers: { [name]: 'x' } }]),
  ])('refuses %s', async (_, args) => {
    await expect(makeWeb()('http.fetch.v1', args as Record<string, string>)).rejects.toMatchObject({ code: 'ARGS_INVALID' })
  })
})

describe('http.send', () => {
  it('sends a body of its type, and a key that is the same for every attempt', async () => {
    const seen: unknown[] = []
    const server = await startHttp(async (request, response) => {
      seen.push([request.method, request.headers['content-type'], request.headers['idempotency-key'], await bodyOf(request)])
      response.writeHead(201).end('made')
    })
    const send = makeFetch([server])
    const args = { url: `http://one.example:${server.port}/`, method: 'POST', body: '{"a":"ü"}', headers: { 'Content-Type': 'application/json' } }

    const output = await send('http.send.v1', args)
    await send('http.send.v1', args)
    await send('http.send.v1', { ...args, method: 'DELETE', headers: {} }, { idempotencyKey: 'other' })

    expect(output).toMatchObject({ status: 201, body: 'made', problem: null })
    expect(seen[0]).toEqual(['POST', 'application/json', expect.stringMatching(/^[0-9a-f]{32}$/), '{"a":"ü"}'])
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(['DELETE', 'text/plain; charset=utf-8', expect.not.stringContaining(String((seen[0] as string[])[2])), '{"a":"ü"}'])
  })

  it('is in doubt when a request went out and no answer came', async () => {
    const server = await startRaw((socket) => socket.destroy())

    await expect(makeFetch([server])('http.send.v1', { url: `http://one.example:${server.port}/`, method: 'POST' })).rejects.toMatchObject({
      code: 'EFFECT_IN_DOUBT',
      retryable: false,
    })
    expect(server.connections()).toBe(1)
  })

  it('is in doubt when no answer comes in time', async () => {
    const server = await startRaw(() => undefined)

    await expect(
      makeFetch([server])('http.send.v1', { url: `http://one.example:${server.port}/`, method: 'PUT', timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: 'EFFECT_IN_DOUBT' })
    await server.allClosed()
  })

  it('may be tried again when nothing was sent', async () => {
    const server = await startSaying('')
    const gone = { ...server, port: 2 }

    await expect(makeFetch([gone])('http.send.v1', { url: 'http://one.example:2/', method: 'POST' })).rejects.toMatchObject({
      code: 'ACTION_TRANSIENT',
      retryable: true,
    })
  })

  it.each([
    ['an unknown encoding', 'HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\nx', 'zstd'],
    ['a body that breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx', 'one.example'],
    ['a redirect that may not be followed', 'HTTP/1.1 303 See Other\r\nLocation: http://127.0.0.1:2/\r\n\r\n', 'was not judged'],
    ['a redirect to nowhere', 'HTTP/1.1 303 See Other\r\nLocation: file:///etc/passwd\r\n\r\n', 'not an http'],
  ])('tells what happened after the effect, and that the effect happened: %s', async (_, answer, problem) => {
    const server = await startSaying(answer)

    const output = await makeFetch([server])('http.send.v1', { url: `http://one.example:${server.port}/`, method: 'POST', body: 'x' })

    expect(output).toMatchObject({ problem: expect.stringContaining(problem), body: expect.any(String) })
  })

  it('gets where an answered request leads, and tells of the effect even if that fails', async () => {
    const requests: unknown[] = []
    const server = await startHttp((request, response) => {
      requests.push([request.method, request.url, request.headers['content-type'], request.headers['content-length']])
      if (request.method === 'POST') response.writeHead(303, { location: request.url === '/a' ? '/done' : '/broken' }).end()
      else if (request.url === '/done') response.end('done')
      else response.destroy()
    })
    const send = makeFetch([server])

    const good = await send('http.send.v1', { url: `http://one.example:${server.port}/a`, method: 'POST', body: 'x' })
    const bad = await send('http.send.v1', { url: `http://one.example:${server.port}/b`, method: 'POST', body: 'x' })

    expect(good).toMatchObject({ status: 200, body: 'done', problem: null, redirects: [{ status: 303 }] })
    expect(bad).toMatchObject({ status: 303, problem: expect.stringContaining('one.example'), redirects: [] })
    expect(requests[1]).toEqual(['GET', '/done', undefined, undefined])
  })
})
