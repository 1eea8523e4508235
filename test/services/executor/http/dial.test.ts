import { connect, Socket } from 'node:net'
import { buildConnector } from 'undici'
import { describe, expect, it } from 'vitest'
import { ControllerError } from '../../../../src/errors.ts'
import { createConnector, type Lookup } from '../../../../src/services/executor/http/connector.ts'
import { FORBIDDEN_URLS } from '../../../support/addresses.ts'
import { egressFor, lookupHere, makeWeb, startHttp, startSaying } from './http.fixture.ts'

const NEVER: Lookup = async (name) => {
  throw new Error(`${name} was looked up`)
}

/** What a connector says to a host, without any check of the URL before it; a socket that stands is closed. */
function dialled(url: URL, lookup: Lookup, privateHosts: readonly string[] = [], build = buildConnector): Promise<unknown> {
  const connector = createConnector(build, { lookup, privateHosts: new Set(privateHosts), signal: AbortSignal.timeout(5_000), maxBytes: 1000 })
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) =>
    connector({ hostname, host: url.host, protocol: url.protocol, port: url.port }, (error, socket) => {
      socket?.destroy()
      resolve(error ?? 'connected')
    }),
  )
}

const addresses =
  (...list: string[]): Lookup =>
  async () =>
    list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

describe('the connector', () => {
  it.each(FORBIDDEN_URLS.filter((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)))('dials nothing for %j', async (text) => {
    const url = new URL(text)
    // A user name is no part of what is dialled: its host is, and only that of the backslash is public.
    if (url.hostname === 'example.com') return expect(text).toMatch(/\\@127|:0\//)

    expect(await dialled(url, NEVER)).toMatchObject({ code: 'GUARD_DENIED' })
  })

  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '100.64.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.0.1',
    '203.0.113.1',
    '::1',
    '::',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::808:808',
    '2002:7f00:1::',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    'fe80::1',
    'fe80::1%lo',
    'fec0::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    'not an address',
  ])('dials nothing for a public name that leads to %s, alone or among public addresses', async (address) => {
    const url = new URL('http://public.example/')

    expect(await dialled(url, addresses(address))).toMatchObject({ code: 'GUARD_DENIED' })
    expect(await dialled(url, addresses('8.8.8.8', address))).toMatchObject({ code: 'GUARD_DENIED' })
    expect(await dialled(url, addresses(address, '2606:4700::1111'))).toMatchObject({ code: 'GUARD_DENIED' })
  })

  it('dials a listed name at a private address, on the listed port alone', async () => {
    const server = await startSaying('')

    expect(await dialled(new URL(`http://dev.example:${server.port}/`), lookupHere, [`dev.example:${server.port}`])).toBe('connected')
    expect(await dialled(new URL(`http://dev.example:${server.port}/`), lookupHere, ['dev.example:1'])).toMatchObject({ code: 'GUARD_DENIED' })
    expect(await dialled(new URL(`http://127.0.0.1:${server.port}/`), NEVER, [`127.0.0.1:${server.port}`])).toBe('connected')
    expect(await dialled(new URL(`http://127.0.0.1:${server.port}/`), NEVER, ['127.0.0.1:1'])).toMatchObject({ code: 'GUARD_DENIED' })
    expect(server.connections()).toBe(2)
  })

  it.each(['169.254.169.254', 'fd00:ec2::254', '169.254.0.1', '224.0.0.1', '::127.0.0.1', '2002:7f00:1::'])(
    'dials no %s for a listed name',
    async (address) => {
      expect(await dialled(new URL('http://dev.example/'), addresses(address), ['dev.example:80'])).toMatchObject({ code: 'GUARD_DENIED' })
    },
  )

  it('looks at the far end of the socket that stands, should the dialling have gone elsewhere', async () => {
    const server = await startSaying('')
    const sockets: Socket[] = []
    const astray = (() => (_: unknown, callback: (error: null, socket: Socket) => void) => {
      const socket = connect(server.port, '127.0.0.1', () => callback(null, socket))
      sockets.push(socket)
    }) as unknown as typeof buildConnector

    expect(await dialled(new URL('http://public.example/'), addresses('8.8.8.8'), [], astray)).toMatchObject({ code: 'GUARD_DENIED' })
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  it('takes a connection that was closed at once for one that may stand the next time', async () => {
    const closed = (() => (_: unknown, callback: (error: null, socket: Socket) => void) =>
      callback(null, new Socket())) as unknown as typeof buildConnector

    expect(await dialled(new URL('http://public.example/'), addresses('8.8.8.8'), [], closed)).toMatchObject({ code: 'ACTION_TRANSIENT' })
  })

  it('says when a name has no address', async () => {
    expect(await dialled(new URL('http://public.example/'), addresses())).toMatchObject({ code: 'ACTION_FAILED' })
  })
})

describe('http.fetch', () => {
  it.each(FORBIDDEN_URLS)('gets nothing from %j', async (url) => {
    const refusal = await makeWeb({ lookup: lookupHere })('http.fetch.v1', { url }).catch((error: unknown) => error)

    expect(refusal).toBeInstanceOf(ControllerError)
    expect(['ARGS_INVALID', 'GUARD_DENIED']).toContain((refusal as ControllerError).code)
  })

  it('is not fooled by a name that leads elsewhere after it was looked up', async () => {
    const server = await startSaying('HTTP/1.1 200 OK\r\n\r\nSECRET')
    const answers = ['8.8.8.8', '127.0.0.1']
    const lookup: Lookup = async () => [{ address: answers.shift() ?? '127.0.0.1', family: 4 }]

    expect(await lookup('rebind.example')).toEqual([{ address: '8.8.8.8', family: 4 }])
    await expect(makeWeb({ lookup })('http.fetch.v1', { url: `http://rebind.example:${server.port}/` })).rejects.toMatchObject({
      code: 'GUARD_DENIED',
      message: expect.stringContaining('127.0.0.1'),
    })
    expect(server.connections()).toBe(0)
  })

  it('is not fooled by a listed name that leads elsewhere for the redirect', async () => {
    const server = await startHttp((_, response) => response.writeHead(302, { location: '/next' }).end())
    const answers = ['127.0.0.1', '169.254.169.254']
    const lookup: Lookup = async () => [{ address: answers.shift() ?? '', family: 4 }]
    const fetch = makeWeb({ lookup, egress: egressFor(['one.example'], [server]) })

    await expect(fetch('http.fetch.v1', { url: `http://one.example:${server.port}/` })).rejects.toMatchObject({
      code: 'GUARD_DENIED',
      message: expect.stringContaining('metadata'),
    })
    expect(server.connections()).toBe(1)
  })

  it('asks the resolver of the system when it is given no other', async () => {
    const server = await startSaying('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    const fetch = makeWeb({ egress: egressFor(['localhost'], [server]) })

    expect(await fetch('http.fetch.v1', { url: `http://localhost:${server.port}/` })).toMatchObject({ body: 'ok' })
  })

  it('tells a name that cannot be looked up now from one that does not exist', async () => {
    const failing =
      (code: string): Lookup =>
      async () => {
        throw Object.assign(new Error(code), { code })
      }
    const args = { url: 'http://one.example/' }

    await expect(makeWeb({ lookup: failing('ENOTFOUND') })('http.fetch.v1', args)).rejects.toMatchObject({ code: 'ACTION_FAILED' })
    await expect(makeWeb({ lookup: failing('EAI_AGAIN') })('http.fetch.v1', args)).rejects.toMatchObject({
      code: 'ACTION_TRANSIENT',
      retryable: true,
    })
  })
})
