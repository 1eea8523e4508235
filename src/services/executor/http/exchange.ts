import type { Readable } from 'node:stream'
import { ControllerError } from '../../../errors.ts'
import { originOf, type WebUrl } from '../../../input/web-url.ts'
import type { HttpMethod } from '../../../model/egress.ts'
import { createConnector, type DialOptions } from './connector.ts'
import { countHeaders, type ResponseHeaders } from './response-headers.ts'

/** One request. */
export interface WebRequest {
  readonly url: WebUrl
  readonly method: HttpMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** What came back, its body not read yet. */
export interface Answer {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: Readable
}

const MAX_HEADER_BYTES = 32 * 1024
const MAX_HEADER_LINES = 200

/**
 * Sends one request over a connection of its own and hands the answer to `read`; the connection is closed when that is done, whatever happened.
 * Nothing is left for another request to find: no pool, no kept connection, no session, no cookie.
 */
export async function exchange<T>(request: WebRequest, dial: DialOptions, read: (answer: Answer) => Promise<T>): Promise<T> {
  // Loaded when it is needed first: most runs fetch nothing.
  const { Client, buildConnector } = await import('undici')
  const { url, method, body } = request
  // Of this exchange alone: at its end it takes along whatever still connects, looks up or reads.
  const aborter = new AbortController()
  const abort = () => aborter.abort(dial.signal.reason)
  if (dial.signal.aborted) abort()
  else dial.signal.addEventListener('abort', abort, { once: true })
  const { signal } = aborter
  const client = new Client(originOf(url), {
    connect: createConnector(buildConnector, { ...dial, signal }),
    pipelining: 0,
    allowH2: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The signal's deadline counts from the first hop to the last byte, and is the only one.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  try {
    const path = `${url.path}${queryOf(url)}`
    const { statusCode, headers, body: source } = await client.request({ path, method, headers: request.headers, body, signal, reset: true })
    // An error after the last read would have no listener.
    source.on('error', () => undefined)
    if (countHeaders(headers) > MAX_HEADER_LINES) {
      throw new ControllerError('ACTION_FAILED', `${url.host} sent more than ${MAX_HEADER_LINES} header lines.`, {
        hint: 'Fetch it from another place.',
      })
    }
    return await read({ status: statusCode, headers, body: source })
  } finally {
    dial.signal.removeEventListener('abort', abort)
    abort()
    await client.destroy()
  }
}

function queryOf({ href, hasQuery }: WebUrl): string {
  return hasQuery ? href.slice(href.indexOf('?')) : ''
}
