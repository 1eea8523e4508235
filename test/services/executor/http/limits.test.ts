import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { createGzip, deflateRawSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { makeFetch, makeWeb, startHttp, startRaw, startSaying, type TestServer } from './http.fixture.ts'

const MIB = 1024 * 1024
const HEAD = 'HTTP/1.1 200 OK\r\n'

function fetchFrom(
  server: TestServer,
  args: { readonly [name: string]: number | string } = {},
  changes: Parameters<ReturnType<typeof makeFetch>>[2] = {},
) {
  return makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/`, ...args }, changes)
}

/** Zeros by the megabyte, compressed as they are made. */
async function bomb(megabytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: 9 })
  const chunks: Buffer[] = []
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise((resolve) => gzip.once('end', resolve))
  const zeros = Buffer.alloc(MIB)
  for (let made = 0; made < megabytes; made += 1) if (!gzip.write(zeros)) await new Promise((resolve) => gzip.once('drain', resolve))
  gzip.end()
  await ended
  return Buffer.concat(chunks)
}

/** Writes a chunk again and again for as long as the other side takes it. */
function pour(socket: Socket, chunk: string | Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}

describe('a body', () => {
  it.each([
    ['once', 1],
    ['twice', 2],
  ])('that was compressed %s to exhaust memory is refused, with memory bounded', async (_, layers) => {
    const once = await bomb(200)
    const content = layers === 1 ? once : gzipSync(once)
    const server = await startHttp((_request, response) => {
      response.writeHead(200, { 'content-encoding': layers === 1 ? 'gzip' : 'gzip, gzip', 'content-length': content.byteLength }).end(content)
    })
    const before = process.memoryUsage().rss
    let peak = before
    const heartbeat = () => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }

    await expect(fetchFrom(server, { maxBytes: 10 * MIB }, { heartbeat })).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      message: expect.stringMatching(/grew from \d+ to more than \d+ bytes/),
    })
    expect(content.byteLength).toBeLessThan(210_000)
    // All of it would be 200 MB more.
    expect(peak - before).toBeLessThan(100 * MIB)
    await server.allClosed()
  })

  it('that is long but compresses as text does is cut, not refused', async () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index} of a long and dull log file`).join('\n')
    const server = await startHttp((_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(gzipSync(lines)),
    )

    expect(await fetchFrom(server, { maxBytes: 100_000 })).toMatchObject({ truncated: true, bytes: 100_000, body: lines.slice(0, 100_000) })
  })

  it.each([
    ['zstd', 'zstd'],
    ['gzip, zstd', 'zstd'],
    ['constructor', 'an unknown way'],
    ['gzip, gzip, gzip', '3 times'],
    ['aws-chunked', 'aws-chunked'],
  ])('in the encoding %s is refused', async (encoding, why) => {
    const server = await startSaying(`${HEAD}Content-Encoding: ${encoding}\r\n\r\nx`)

    await expect(fetchFrom(server)).rejects.toMatchObject({ code: 'ACTION_FAILED', message: expect.stringContaining(why) })
    await server.allClosed()
  })

  it.each([
    ['not compressed at all', Buffer.from('hello'), 'gzip'],
    ['cut off', gzipSync(randomBytes(5000)).subarray(0, 3000), 'gzip'],
    ['another deflate than is meant', deflateRawSync('hello'), 'deflate'],
  ])('that is %s is refused', async (_, content, encoding) => {
    const server = await startHttp((_request, response) => response.writeHead(200, { 'content-encoding': encoding }).end(content))

    await expect(fetchFrom(server)).rejects.toMatchObject({ code: 'ACTION_FAILED', message: expect.stringContaining('cannot be decoded') })
  })

  it('without end is cut, and the connection closed', async () => {
    const server = await startRaw((socket) => {
      socket.write(`${HEAD}\r\n`)
      pour(socket, 'x'.repeat(65_536))
    })

    expect(await fetchFrom(server, { maxBytes: 1000 })).toMatchObject({ bytes: 1000, truncated: true })
    await server.allClosed()
  })

  it('that is shorter than said is no answer', async () => {
    const server = await startSaying(`${HEAD}Content-Length: 10\r\n\r\nabc`)

    await expect(fetchFrom(server)).rejects.toMatchObject({ code: 'ACTION_TRANSIENT', retryable: true })
  })
})

describe('time', () => {
  it.each([
    ['no answer', () => undefined],
    ['an answer drop by drop', (socket: Socket) => drip(socket, `${HEAD}\r\n`, 'x')],
    ['headers drop by drop', (socket: Socket) => drip(socket, `${HEAD}X: `, 'x')],
    ['interim answers only', (socket: Socket) => drip(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
    [
      'an archive of nothing',
      (socket: Socket) =>
        drip(
          socket,
          Buffer.concat([Buffer.from(`${HEAD}Content-Encoding: gzip\r\n\r\n`), gzipSync('').subarray(0, 10)]),
          Buffer.from('000000ffff', 'hex'),
        ),
    ],
  ])('is limited in all, for %s', async (_, answer) => {
    const server = await startRaw(answer)

    await expect(fetchFrom(server, { timeoutMs: 150 })).rejects.toMatchObject({ code: 'ACTION_TIMEOUT', message: expect.stringContaining('150 ms') })
    await server.allClosed()
  })

  it('is limited for a name that is looked up for ever, too', async () => {
    const lookup = () => new Promise<never>(() => undefined)
    const fetch = makeWeb({ lookup })
    const aborter = new AbortController()
    const stopped = fetch('http.fetch.v1', { url: 'http://one.example/' }, { signal: aborter.signal })
    aborter.abort()

    await expect(stopped).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    await expect(fetch('http.fetch.v1', { url: 'http://one.example/', timeoutMs: 50 })).rejects.toMatchObject({ code: 'ACTION_TIMEOUT' })
  })

  it('is limited for redirects together', async () => {
    const server = await startHttp((_, response) => void setTimeout(() => response.writeHead(302, { location: '/' }).end(), 60))

    await expect(fetchFrom(server, { timeoutMs: 150 })).rejects.toMatchObject({ code: 'ACTION_TIMEOUT' })
  })

  it.each([
    ['before the answer', ''],
    ['in the middle of it', `${HEAD}Content-Length: 9\r\n\r\nabc`],
  ])('ends at once when the action is stopped %s, and the connection is closed', async (_, said) => {
    const aborter = new AbortController()
    const server = await startRaw((socket) => {
      if (said !== '') socket.write(said)
      setImmediate(() => aborter.abort())
    })

    await expect(fetchFrom(server, {}, { signal: aborter.signal })).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    await server.allClosed()
  })
})

function drip(socket: Socket, first: string | Buffer, drop: string | Buffer): void {
  socket.write(first)
  const timer = setInterval(() => socket.write(drop), 10)
  socket.once('close', () => clearInterval(timer))
}

describe('an answer', () => {
  it.each([
    ['endless headers', (socket: Socket) => (socket.write(HEAD), pour(socket, `X-${'a'.repeat(100)}: b\r\n`)), 'more header lines'],
    ['one endless header', (socket: Socket) => (socket.write(`${HEAD}X: `), pour(socket, 'a'.repeat(1000))), 'more header lines'],
    ['too many headers', (socket: Socket) => socket.end(`${HEAD}${'a: b\r\n'.repeat(300)}\r\nx`), 'more than 200 header lines'],
    ['no HTTP', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9\r\n'), 'not HTTP'],
    ['HTTP of long ago', (socket: Socket) => socket.end('<html>'), 'not HTTP'],
    ['two lengths', (socket: Socket) => socket.end(`${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`), 'another length'],
    [
      'a length and chunks',
      (socket: Socket) => socket.end(`${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
      'another length',
    ],
    ['a chunk of no size', (socket: Socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n-5\r\nab\r\n`), 'one.example'],
    ['a switch of protocols', (socket: Socket) => socket.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'), 'one.example'],
  ])('of %s is refused', async (_, answer, why) => {
    const server = await startRaw(answer)

    await expect(fetchFrom(server)).rejects.toMatchObject({
      code: expect.stringMatching(/^ACTION_(?:FAILED|TRANSIENT)$/),
      message: expect.stringContaining(why),
    })
    await server.allClosed()
  })

  it.each([
    ['chunk extensions', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1;`, 'a=b;'.repeat(4096)],
    ['trailers', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n`, 'X: y\r\n'.repeat(4096)],
    ['empty deflate blocks', `${HEAD}Content-Encoding: deflate\r\n\r\n\x78\x9c`, Buffer.from('00000000ffff'.repeat(4096), 'hex')],
  ])('is not read without end when it has endless %s', async (_, first, more) => {
    const server = await startRaw((socket) => {
      socket.write(Buffer.from(first, 'latin1'))
      pour(socket, more)
    })

    await expect(fetchFrom(server, { maxBytes: 1 })).rejects.toMatchObject({ code: expect.stringMatching(/^(?:RESOURCE_LIMIT|ACTION_FAILED)$/) })
    await server.allClosed()
  })

  it('cannot bring another one along for the next request', async () => {
    let answers = 0
    const server = await startRaw((socket) => {
      answers += 1
      const location = answers === 1 ? 'HTTP/1.1 302 Found\r\nLocation: /two\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n' : ''
      socket.write(answers === 1 ? `${location}${HEAD}Content-Length: 6\r\n\r\nforged` : `${HEAD}Content-Length: 4\r\n\r\nreal`)
    })

    expect(await fetchFrom(server)).toMatchObject({ body: 'real' })
    expect(server.connections()).toBe(2)
  })

  it('leaves no connection behind', async () => {
    const server = await startRaw((socket) => void socket.write(`${HEAD}Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok`))

    expect(await fetchFrom(server)).toMatchObject({ body: 'ok' })
    await server.allClosed()
  })

  it('sets no prototype by its headers', async () => {
    const server = await startSaying(`${HEAD}__proto__: polluted\r\nconstructor: x\r\nContent-Length: 2\r\n\r\nok`)

    await fetchFrom(server).catch(() => undefined)

    expect(Object.getOwnPropertyDescriptor(Object.prototype, 'polluted')).toBeUndefined()
    expect(String({})).toBe('[object Object]')
    expect(await fetchFrom(await startSaying(`${HEAD}Content-Length: 2\r\n\r\nok`))).toMatchObject({ body: 'ok', headers: { 'content-length': '2' } })
  })

  it('that breaks off may be tried again', async () => {
    const server = await startRaw((socket) => void socket.resetAndDestroy())

    await expect(fetchFrom(server)).rejects.toMatchObject({ code: 'ACTION_TRANSIENT', retryable: true })
    expect(server.connections()).toBe(1)
  })
})
