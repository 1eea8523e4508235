import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ControllerError } from '../../../../src/errors.ts'
import { readWebUrl, type WebUrl } from '../../../../src/input/web-url.ts'
import type { EgressConfigInput, EgressServiceInput, HttpMethod } from '../../../../src/model/egress.ts'
import { createEgress } from '../../../../src/services/executor/http/egress.ts'
import { makeFolder } from '../fixtures.ts'
import { makeFetch, startHttp, startRaw, type TestServer } from './http.fixture.ts'

const SECRET = 'tok-"4/f+Z&e'

function urlOf(text: string): WebUrl {
  const url = readWebUrl(text)
  if (typeof url === 'string') throw new Error(url)
  return url
}

/** Whether the credential of a service goes along with a request. */
async function goesAlong(service: Omit<EgressServiceInput, 'credential'>, url: string, method: HttpMethod = 'GET'): Promise<boolean> {
  const egress = createEgress({ services: { api: { ...service, credential: { env: 'TOKEN' } } } }, { env: { TOKEN: SECRET } })
  return (await egress.credentialFor('api', urlOf(url), method)) !== null
}

describe('the credential of a service', () => {
  it.each([
    ['https://api.example.com/v1', true],
    ['https://api.example.com/v1/', true],
    ['https://API.example.com.:443/v1/users?x=/v2', true],
    ['https://api.example.com/v1/./users', true],
    ['https://api.example.com/v2', false],
    ['https://api.example.com/v10', false],
    ['https://api.example.com/', false],
    ['https://api.example.com/v1/../v2', false],
    ['https://api.example.com/v1/%2e%2e/v2', false],
    ['https://api.example.com/v1/..%2fv2', false],
    ['https://api.example.com/v1/%2E%2e%2Fv2', false],
    ['https://api.example.com/v1/..%5cv2', false],
    ['https://api.example.com/v1/%252e%252e/v2', false],
    ['https://api.example.com/v1/..;/v2', false],
    ['https://api.example.com/v1//v2', false],
    ['https://api.example.com/V1/', false],
    ['http://api.example.com/v1/', false],
    ['https://api.example.com:8443/v1/', false],
    ['https://api.example.com.evil.io/v1/', false],
    ['https://evil.io/v1/#api.example.com', false],
    ['https://www.api.example.com/v1/', false],
    ['https://example.com/v1/', false],
  ])('goes along to %s: %s', async (url, expected) => {
    expect(await goesAlong({ base_url: 'https://api.example.com/v1' }, url)).toBe(expected)
  })

  it.each([
    ['https://a.example/any', true],
    ['https://b.example:8443/any', true],
    ['https://b.example/any', false],
    ['http://a.example/any', false],
  ])('goes along to one of several hosts, %s: %s', async (url, expected) => {
    expect(await goesAlong({ hosts: ['a.example', 'b.example:8443'] }, url)).toBe(expected)
  })

  it('goes along with the methods of the service alone', async () => {
    const service = { hosts: ['a.example'], methods: ['POST' as const], path_prefix: '/x' }

    expect(await goesAlong(service, 'https://a.example/x', 'POST')).toBe(true)
    expect(await goesAlong(service, 'https://a.example/x', 'DELETE')).toBe(false)
    expect(await goesAlong(service, 'https://a.example/xy', 'POST')).toBe(false)
  })

  it('fills the template', async () => {
    const service = { hosts: ['a.example'], credential: { env: 'TOKEN' }, header: 'X-Auth', template: 'Basic ${credential.base64}' }
    const egress = createEgress({ services: { api: service } }, { env: { TOKEN: 'user:$& $1' } })

    const credential = await egress.credentialFor('api', urlOf('https://a.example/'), 'GET')

    expect(credential).toMatchObject({ header: 'X-Auth', value: `Basic ${Buffer.from('user:$& $1').toString('base64')}` })
  })

  it('is read from a file that its owner alone can read, anew each time', async () => {
    const file = join(makeFolder(), 'token')
    writeFileSync(file, 'first-token\n', { mode: 0o600 })
    const egress = createEgress({ services: { api: { hosts: ['a.example'], credential: { file } } } }, { env: {} })
    const value = async () => (await egress.credentialFor('api', urlOf('https://a.example/'), 'GET'))?.value

    expect(await value()).toBe('Bearer first-token')
    writeFileSync(file, 'second-token\r\n')
    expect(await value()).toBe('Bearer second-token')
  })

  it.each<[string, (folder: string, file: string) => string]>([
    ['others may read', (_, file) => (chmodSync(file, 0o640), file)],
    ['others may write', (_, file) => (chmodSync(file, 0o602), file)],
    ['a link leads to', (folder, file) => (symlinkSync(file, join(folder, 'link')), join(folder, 'link'))],
    ['is a folder', (folder) => (mkdirSync(join(folder, 'sub'), { mode: 0o700 }), join(folder, 'sub'))],
    ['is not there', (folder) => join(folder, 'none')],
    ['is too large', (_, file) => (writeFileSync(file, 'x'.repeat(10_000)), file)],
    ['has two lines', (_, file) => (writeFileSync(file, 'first-token\nX-Evil: 1'), file)],
    ['is empty', (_, file) => (writeFileSync(file, '\n'), file)],
    ['is too short to be recognised', (_, file) => (writeFileSync(file, 'short'), file)],
    ['is no ASCII', (_, file) => (writeFileSync(file, 'tökentöken'), file)],
  ])('is not read from a file that %s, and the file is named but never quoted', async (_, prepare) => {
    const folder = makeFolder()
    const file = join(folder, 'token')
    writeFileSync(file, 'first-token', { mode: 0o600 })
    const path = prepare(folder, file)
    const egress = createEgress({ services: { api: { hosts: ['a.example'], credential: { file: path } } } }, { env: {} })

    const error: unknown = await egress.credentialFor('api', urlOf('https://a.example/'), 'GET').catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(path) })
    expect(String(error)).not.toMatch(/first|short|töken|Evil/)
    expect(await egress.secrets()).toEqual([])
  })

  it('is told to whoever redacts', async () => {
    const services = { b: { hosts: ['b.example'], credential: { env: 'B' } }, a: { hosts: ['a.example'], credential: { env: 'A' } } }
    const egress = createEgress({ services }, { env: { A: 'secret-a' } })

    expect(await egress.secrets()).toEqual([{ name: 'service/a', value: 'secret-a' }])
    expect(egress.services).toEqual(['a', 'b'])
  })
})

describe('an egress configuration', () => {
  it('lists private hosts as they are dialled', () => {
    const services = {
      dev: { base_url: 'http://0x7f.1:3000/x', private: true, credential: { env: 'A' } },
      api: { hosts: ['a.example'], credential: { env: 'A' } },
    }

    expect([...createEgress({ private_hosts: ['LOCALHOST:80', '[::1]:8080'], services }, { env: {} }).privateHosts]).toEqual([
      'localhost:80',
      '[::1]:8080',
      '127.0.0.1:3000',
    ])
  })

  it.each<[string, EgressConfigInput & { readonly proxies?: unknown }]>([
    ['a metadata service', { private_hosts: ['169.254.169.254:80'] }],
    ['a metadata service by name', { private_hosts: ['metadata.google.internal:80'] }],
    ['a link-local address', { private_hosts: ['[fe80::1]:80'] }],
    ['every address', { private_hosts: ['0.0.0.0:80'] }],
    ['a host without a port', { private_hosts: ['localhost'] }],
    ['a wildcard', { private_hosts: ['*.internal:80'] }],
    ['a service on a private host that does not say so', { services: { x: { hosts: ['10.0.0.1'], credential: { env: 'A' } } } }],
    ['a service on a metadata address', { services: { x: { base_url: 'http://169.254.169.254/', private: true, credential: { env: 'A' } } } }],
    ['a host with a path', { services: { x: { hosts: ['a.example/x'], credential: { env: 'A' } } } }],
    ['a host with a user', { services: { x: { hosts: ['u@a.example'], credential: { env: 'A' } } } }],
    ['a path that servers may read in two ways', { services: { x: { base_url: 'https://a.example/a%2fb', credential: { env: 'A' } } } }],
    ['an unknown key', { proxies: [] }],
  ])('with %s is refused', (_, config) => {
    expect(() => createEgress(config, { env: {} })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})

/** Fetches with the service `api`, which is the server `one.example`. */
function makeServiceFetch(servers: readonly [TestServer, ...TestServer[]], changes: Partial<EgressServiceInput> = {}, secret = SECRET) {
  const service = { base_url: `http://one.example:${servers[0].port}/v1`, private: true, credential: { env: 'TOKEN' }, ...changes }
  const fetch = makeFetch(
    servers,
    { private_hosts: servers.flatMap(({ port }) => [`one.example:${port}`, `two.example:${port}`]), services: { api: service } },
    { TOKEN: secret },
  )
  const admitUrl = async () => undefined
  return (path = '/v1/x', capability: 'http.fetch.v1' | 'http.send.v1' = 'http.fetch.v1', args = {}) =>
    fetch(capability, { url: `http://one.example:${servers[0].port}${path}`, service: 'api', ...args }, { admitUrl })
}

describe('a request with a service', () => {
  it('carries the credential, once', async () => {
    const seen: unknown[] = []
    const server = await startHttp((request, response) => {
      seen.push(request.headersDistinct['authorization'])
      response.end()
    })

    await makeServiceFetch([server])()

    expect(seen).toEqual([[`Bearer ${SECRET}`]])
  })

  it.each([
    ['/v2/x', 'http.fetch.v1', {}],
    ['/v1/..%2fv2', 'http.fetch.v1', {}],
    ['/v1/x', 'http.send.v1', { method: 'POST' }],
  ] as const)('is not sent at all when it does not belong to it: %s by %s', async (path, capability, args) => {
    const server = await startHttp((_, response) => response.end())

    await expect(makeServiceFetch([server])(path, capability, args)).rejects.toMatchObject({ code: 'GUARD_DENIED' })
    expect(server.connections()).toBe(0)
  })

  it('is not sent when there is no such service', async () => {
    const server = await startHttp((_, response) => response.end())

    await expect(makeServiceFetch([server])('/v1/x', 'http.fetch.v1', { service: 'other' })).rejects.toMatchObject({
      code: 'ARGS_INVALID',
      hint: expect.stringContaining('api'),
    })
  })

  it.each([
    ['another host', (port: number) => `http://two.example:${port}/v1/x`],
    ['another port', (_: number, other: number) => `http://one.example:${other}/v1/x`],
    ['another path', () => '/v2/x'],
    ['a path that servers read in two ways', () => '/v1/..%2fv2'],
  ])('redirected to %s leaves the credential behind', async (_, locationOf) => {
    const seen: unknown[] = []
    const other = await startHttp((request, response) => {
      seen.push(request.headers.authorization)
      response.end('there')
    })
    const server = await startHttp((request, response) => {
      if (request.url === '/v1/first') return void response.writeHead(302, { location: locationOf(server.port, other.port) }).end()
      seen.push(request.headers.authorization)
      response.end('there')
    })

    expect(await makeServiceFetch([server, other])('/v1/first')).toMatchObject({ body: 'there' })
    expect(seen).toEqual([undefined])
  })

  it('redirected inside the service keeps it', async () => {
    const server = await startHttp((request, response) => {
      if (request.url === '/v1/x') response.writeHead(302, { location: '/v1/y' }).end()
      else response.end(String(request.headers.authorization === `Bearer ${SECRET}`))
    })

    expect(await makeServiceFetch([server])()).toMatchObject({ body: 'true' })
  })

  it.each([
    ['its query', SECRET, (port: number) => `http://two.example:${port}/?t=${encodeURIComponent(SECRET)}`],
    ['its fragment', SECRET, (port: number) => `http://two.example:${port}/#${Buffer.from(SECRET).toString('base64')}`],
    ['its host', 'Tok-4fZe5', (port: number) => `http://Tok-4fZe5.two.example:${port}/`],
  ])('does not follow a redirect that carries the credential away in %s', async (_, secret, locationOf) => {
    const other = await startHttp((_request, response) => response.end())
    const server = await startHttp((_request, response) => response.writeHead(302, { location: locationOf(other.port) }).end())

    const error: unknown = await makeServiceFetch([server, other], {}, secret)().catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ code: 'GUARD_DENIED', message: expect.stringContaining('carries the credential') })
    expect(other.connections()).toBe(0)
    expectNoSecret(error, secret)
  })

  it.each<[string, string, (text: string) => string | Buffer]>([
    ['as it is', 'text/plain', (text) => text],
    ['in JSON', 'application/json', (text) => JSON.stringify({ headers: { authorization: text } })],
    ['in a URL', 'text/plain', encodeURIComponent],
    ['in base64', 'text/plain', (text) => Buffer.from(`authorization: ${text}\n`).toString('base64')],
    ['in hex', 'text/plain', (text) => Buffer.from(text).toString('hex')],
    ['in HTML', 'text/html', (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    ['in bytes', 'application/octet-stream', (text) => Buffer.concat([Buffer.from([0xff, 0]), Buffer.from(text)])],
    ['in UTF-16', 'text/plain; charset=utf-16le', (text) => Buffer.from(text, 'utf16le')],
  ])('gets back an echo of the credential %s only as its name', async (_, type, encode) => {
    const server = await startHttp((request, response) => {
      const echo = encode(String(request.headers.authorization))
      response.writeHead(200, { 'content-type': type, etag: `"${encodeURIComponent(SECRET)}"`, location: `/${SECRET}` }).end(echo)
    })

    const output = await makeServiceFetch([server])()

    const text = output['encoding'] === 'base64' ? Buffer.from(String(output['body']), 'base64').toString('latin1') : String(output['body'])
    expect(text).toContain('${secret:service/api}')
    expect(JSON.stringify(output['headers']).match(/secret:service\/api/g)).toHaveLength(2)
    expectNoSecret(output)
  })

  it('gets back no beginning of a credential that is cut off by maxBytes', async () => {
    // Escapes are longer than the name that replaces them, so that what follows moves towards the beginning.
    const escaped = [...SECRET].map((character) => `\\u00${character.charCodeAt(0).toString(16)}`).join('')
    const server = await startHttp((request, response) => {
      const size = Number(request.url?.slice('/v1/'.length))
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`${escaped}${escaped}${'x'.repeat(size)}${SECRET}${'y'.repeat(5000)}`)
    })
    const fetch = makeServiceFetch([server])

    for (let size = 20; size < 120; size += 1) {
      const { body, truncated } = await fetch(`/v1/${size}`, 'http.fetch.v1', { maxBytes: 100 })
      expect(truncated).toBe(true)
      expect(String(body).replaceAll('${secret:service/api}', '')).toMatch(/^x*(?:\$\{[a-z/:]*)?y*$/)
    }
    expect(await fetch('/v1/2000', 'http.fetch.v1', { maxBytes: 1000 })).toMatchObject({
      bytes: 1000 - 2 * (escaped.length - '${secret:service/api}'.length),
    })
    expect(await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/v1/1`, maxBytes: 1000 })).toMatchObject({
      bytes: 1000,
    })
  })

  it('tells no credential in errors, whatever the server sends', async () => {
    for (const answer of [`HTTP/1.1 200 ${SECRET}\r\n${SECRET}\r\n\r\n`, `${SECRET}`, `HTTP/1.1 200 OK\r\nContent-Encoding: ${SECRET}\r\n\r\nx`]) {
      const server = await startRaw((socket) => socket.end(answer))
      const error: unknown = await makeServiceFetch([server])().catch((thrown: unknown) => thrown)

      expect(error).toBeInstanceOf(ControllerError)
      expectNoSecret(error)
    }
  })
})

/** Looks through everything an output or an error carries, causes and non-enumerable parts included. */
function expectNoSecret(value: unknown, secret = SECRET): void {
  const seen = new Set<unknown>()
  const texts: string[] = []
  const visit = (part: unknown): void => {
    if (typeof part === 'string') texts.push(part)
    if (typeof part !== 'object' || part === null || seen.has(part)) return
    seen.add(part)
    for (const key of Reflect.ownKeys(part)) visit(Reflect.get(part, key))
  }
  visit(value)
  const all = texts.join('\n').toLowerCase()
  for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64').slice(0, 12)]) {
    expect(all).not.toContain(form.toLowerCase())
  }
}
