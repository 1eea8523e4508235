import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createRawServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Action } from '../../../../src/model/action.ts'
import type { EgressConfigInput } from '../../../../src/model/egress.ts'
import type { JsonObject } from '../../../../src/model/json.ts'
import { createHttpCapabilities, type HttpCapabilityOptions } from '../../../../src/services/executor/capabilities/http.fetch.ts'
import type { ExecutionContext } from '../../../../src/services/executor/executor.ts'
import type { Lookup } from '../../../../src/services/executor/http/connector.ts'
import { createEgress, type Egress } from '../../../../src/services/executor/http/egress.ts'
import { createLocalExecutor } from '../../../../src/services/executor/local.executor.ts'
import { makeContext } from '../context.ts'
import { admit, makeFolder } from '../fixtures.ts'

export interface TestServer {
  readonly port: number
  /** Connections that were ever made. */
  readonly connections: () => number
  /** Resolves when all sockets are closed. */
  readonly allClosed: () => Promise<void>
}

/** A server of raw answers: whatever comes in, `answer` writes what it likes. */
export async function startRaw(answer: (socket: Socket, head: string) => void): Promise<TestServer> {
  return started(
    createRawServer((socket) => {
      socket.on('error', () => undefined)
      let head = ''
      socket.on('data', (chunk: Buffer) => {
        const before = head
        head += chunk.toString('latin1')
        if (!before.includes('\r\n\r\n') && head.includes('\r\n\r\n')) answer(socket, head)
      })
    }),
  )
}

/** A server of whole answers. */
export async function startHttp(listener: (...request: Parameters<RequestListener>) => unknown): Promise<TestServer> {
  return started(createServer((...request) => void listener(...request)))
}

/** A server that says one thing to everybody. */
export const startSaying = (text: string | Buffer) => startRaw((socket) => socket.end(text))

export async function started(server: Server): Promise<TestServer> {
  const open = new Set<Socket>()
  const waiting: (() => void)[] = []
  let connections = 0
  server.on('connection', (socket) => {
    connections += 1
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0) for (const done of waiting.splice(0)) done()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const address = server.address() as AddressInfo
  return {
    port: address.port,
    connections: () => connections,
    allClosed: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}

/** Every name leads to this machine. */
export const lookupHere: Lookup = async () => [{ address: '127.0.0.1', family: 4 }]

/** An egress that lists the given names with the ports of the given servers. */
export function egressFor(
  hosts: readonly string[],
  servers: readonly TestServer[],
  changes: EgressConfigInput = {},
  env: Record<string, string> = {},
): Egress {
  return createEgress({ private_hosts: hosts.flatMap((host) => servers.map(({ port }) => `${host}:${port}`)), ...changes }, { env })
}

/** Runs the real capabilities in a real executor. */
export function makeWeb(options: HttpCapabilityOptions = {}) {
  const folder = makeFolder()
  const executor = createLocalExecutor({ capabilities: createHttpCapabilities(options), workspace: folder, stateDir: `${folder}/.state` })
  return async (capability: 'http.fetch.v1' | 'http.send.v1', args: Action['args'], changes: Partial<ExecutionContext> = {}): Promise<JsonObject> => {
    const { output } = await (await executor).execute(admit(capability, args), makeContext(folder, `${folder}/.state`, changes))
    return output
  }
}

/** Fetches from servers on this machine that go by the names `one.example` and `two.example`. */
export function makeFetch(servers: readonly TestServer[], changes: EgressConfigInput = {}, env: Record<string, string> = {}) {
  return makeWeb({ egress: egressFor(['one.example', 'two.example', '127.0.0.1'], servers, changes, env), lookup: lookupHere })
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
