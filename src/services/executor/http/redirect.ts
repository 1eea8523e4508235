import { originOf, readWebUrl } from '../../../input/web-url.ts'
import type { WebRequest } from './exchange.ts'
import { withoutBody, withoutOrigin } from './request-headers.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * The request that a redirect asks for; null when the answer is none; a string is why it is not followed. 301, 302 and 303 make any method but
 * HEAD a GET without a body, as every client does; another origin gets none of the headers that were meant for the first.
 */
export function redirectOf(request: WebRequest, status: number, location: string | null): WebRequest | string | null {
  if (!REDIRECTS.has(status) || location === null) return null
  const target = URL.canParse(location, request.url.href) ? new URL(location, request.url.href).href : location
  const url = readWebUrl(target)
  if (typeof url === 'string') return `its target ${url}`
  if (request.url.scheme === 'https' && url.scheme === 'http') return 'it leads from https to http'
  const keepsMethod = status === 307 || status === 308 || request.method === 'GET' || request.method === 'HEAD'
  const headers = originOf(url) === originOf(request.url) ? request.headers : withoutOrigin(request.headers)
  if (keepsMethod) return { ...request, url, headers: request.body === null ? headers : withType(headers, request.headers) }
  return { url, method: 'GET', headers: withoutBody(headers), body: null }
}

/** A body keeps its type wherever it goes. */
function withType(headers: WebRequest['headers'], given: WebRequest['headers']): WebRequest['headers'] {
  return { ...headers, ...Object.fromEntries(Object.entries(given).filter(([name]) => name.toLowerCase() === 'content-type')) }
}
