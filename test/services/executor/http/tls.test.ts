import { createServer, type ServerOptions } from 'node:https'
import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../../../support/certificate.ts'
import { egressFor, lookupHere, makeWeb, started, startHttp, type TestServer } from './http.fixture.ts'

const certificate = makeCertificate('one.example', 'two.example')

function startHttps(listener: RequestListener, options: ServerOptions = {}): Promise<TestServer> {
  return started(createServer({ ...certificate, ...options }, listener))
}

function makeTlsFetch(servers: readonly TestServer[], ca: readonly string[] = [certificate.cert]) {
  return makeWeb({ egress: egressFor(['one.example', 'two.example', 'three.example'], servers), lookup: lookupHere, ca })
}

describe('https', () => {
  it('is fetched from whoever can prove the name', async () => {
    const server = await startHttps((request, response) => response.end(request.headers.host))

    const output = await makeTlsFetch([server])('http.fetch.v1', { url: `https://two.example.:${server.port}/` })

    expect(output).toMatchObject({ body: `two.example:${server.port}` })
  })

  it('is not fetched from one that nobody vouches for', async () => {
    const server = await startHttps((_, response) => response.end('forged'))
    const fetch = makeWeb({ egress: egressFor(['one.example'], [server]), lookup: lookupHere })

    await expect(fetch('http.fetch.v1', { url: `https://one.example:${server.port}/` })).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      message: expect.stringContaining('could not prove who it is'),
    })
  })

  it('is not fetched from one that proves another name, even when the environment switches checks off', async () => {
    const server = await startHttps((_, response) => response.end('forged'))
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      await expect(makeTlsFetch([server])('http.fetch.v1', { url: `https://three.example:${server.port}/` })).rejects.toMatchObject({
        code: 'ACTION_FAILED',
        message: expect.stringContaining('could not prove who it is'),
      })
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    }
  })

  it('is not fetched over a TLS that is too old', async () => {
    const server = await startHttps((_, response) => response.end('old'), {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    })

    await expect(makeTlsFetch([server])('http.fetch.v1', { url: `https://one.example:${server.port}/` })).rejects.toMatchObject({
      code: 'ACTION_FAILED',
    })
  })

  it('never leads to http', async () => {
    const plain = await startHttp((_, response) => response.end('plain'))
    const server = await startHttps((_, response) => response.writeHead(302, { location: `http://one.example:${plain.port}/` }).end())

    await expect(
      makeTlsFetch([server, plain])('http.fetch.v1', { url: `https://one.example:${server.port}/` }, { admitUrl: async () => undefined }),
    ).rejects.toMatchObject({ code: 'GUARD_DENIED', message: expect.stringContaining('from https to http') })
    expect(plain.connections()).toBe(0)
  })

  it('closes the connection when the action is stopped', async () => {
    const aborter = new AbortController()
    const server = await startHttps(() => aborter.abort())

    await expect(
      makeTlsFetch([server])('http.fetch.v1', { url: `https://one.example:${server.port}/` }, { signal: aborter.signal }),
    ).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    await server.allClosed()
  })
})
