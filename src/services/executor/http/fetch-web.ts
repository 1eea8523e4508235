import { ControllerError } from '../../../errors.ts'
import { originOf } from '../../../input/web-url.ts'
import type { HttpMethod } from '../../../model/egress.ts'
import type { ExecutionContext } from '../executor.ts'
import type { Lookup } from './connector.ts'
import type { Credential, Egress } from './egress.ts'
import { exchange, type Answer, type WebRequest } from './exchange.ts'
import { ACCEPTED_ENCODINGS } from './body.ts'
import { headerOf } from './response-headers.ts'
import { fromNetworkError } from './network-error.ts'
import { readPage, type Page } from './page.ts'
import { redirectOf } from './redirect.ts'
import { createRedactor, type Redactor } from './secret-forms.ts'

/** Where a request was sent on from. */
export interface Redirect {
  readonly url: string
  readonly status: number
}

/** What a request and the redirects after it brought. */
export interface Fetched extends Page {
  readonly redirects: readonly Redirect[]
  /** What went wrong after a request that changes something was answered, so that its redirect was not followed or its body is missing. */
  readonly problem: string | null
}

export interface FetchOptions {
  /** The egress service whose credential goes along. */
  readonly service: string | null
  readonly maxBytes: number
  /** From the first connection to the last byte. */
  readonly timeoutMs: number
}

/** What fetching needs of the outside. */
export interface WebTools {
  readonly egress: Egress
  readonly lookup: Lookup
  readonly ca?: readonly string[]
}

interface Fetching extends FetchOptions, WebTools {
  readonly context: ExecutionContext
  readonly signal: AbortSignal
}

interface Hop {
  readonly page: Page
  readonly next: WebRequest | null
  readonly problem: string | null
}

const MAX_REDIRECTS = 5
/** Bytes on the wire for each byte of an answer: chunk headers and compression that does not pay. */
const WIRE_SHARE = 4
const WIRE_BYTES = 1024 * 1024
const NOTHING_SECRET = createRedactor([])

/** Whether a request of this method changes nothing, so that it may be repeated (RFC 9110, 9.2.1). */
export function isSafe(method: HttpMethod): boolean {
  return method === 'GET' || method === 'HEAD'
}

/**
 * Sends an admitted request, follows at most five redirects, each admitted again, and reads the answer.
 * @throws ControllerError GUARD_DENIED, ACTION_FAILED, ACTION_TRANSIENT, ACTION_TIMEOUT, RESOURCE_LIMIT, CONFIG_INVALID; EFFECT_IN_DOUBT when a
 *   request that changes something may have arrived and no answer came
 */
export async function fetchWeb(first: WebRequest, options: FetchOptions, tools: WebTools, context: ExecutionContext): Promise<Fetched> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(options.timeoutMs)])
  const fetching: Fetching = { ...options, ...tools, context, signal }
  const redirects: Redirect[] = []
  let request = first
  let effect: Fetched | null = null
  for (;;) {
    try {
      const { page, next, problem } = await hop(request, redirects.length, fetching)
      // What a request that changes something brought back is not refused for its size: the change would look as if it had not happened.
      if (isSafe(request.method)) context.meter.use('bytes', page.bytes)
      if (next === null) return { ...page, redirects, problem }
      if (!isSafe(request.method)) effect = { ...page, redirects: [...redirects], problem: null }
      redirects.push({ url: page.url, status: page.status })
      request = next
    } catch (error) {
      // What an earlier request brought about is not undone by a later one that fails.
      if (effect === null || isDoubt(error)) throw error
      return { ...effect, problem: messageOf(error) }
    }
  }
}

async function hop(request: WebRequest, followed: number, fetching: Fetching): Promise<Hop> {
  const { egress, context, signal } = fetching
  const credential = await credentialOf(request, followed, fetching)
  const redactor = credential?.redactor ?? NOTHING_SECRET
  context.meter.use('networkRequests')
  context.meter.use('bytes', Buffer.byteLength(request.body ?? ''))
  let connected = false
  const dial = {
    ...fetching,
    privateHosts: egress.privateHosts,
    maxBytes: WIRE_SHARE * fetching.maxBytes + WIRE_BYTES,
    onConnected: () => {
      connected = true
    },
  }
  try {
    return await exchange({ ...request, headers: headersOf(request, credential) }, dial, (answer) => {
      return isSafe(request.method)
        ? readSafely(request, answer, followed, redactor, fetching)
        : readEffect(request, answer, followed, redactor, fetching)
    })
  } catch (error) {
    if (context.signal.aborted) throw error
    const host = request.url.host
    if (connected && !isSafe(request.method)) {
      throw new ControllerError('EFFECT_IN_DOUBT', `${request.method} was sent to ${host}, and no answer came: it may have taken effect.`, {
        cause: credential === null ? error : undefined,
      })
    }
    if (signal.aborted) {
      throw new ControllerError('ACTION_TIMEOUT', `${host} did not answer completely within ${fetching.timeoutMs} ms.`, {
        hint: 'Raise `timeoutMs`, or ask for less.',
      })
    }
    throw cleaned(fromNetworkError(error, host), redactor)
  }
}

/** The service's credential for the first request, which must belong to it, and for redirects that still do. */
async function credentialOf({ url, method }: WebRequest, followed: number, { service, egress }: Fetching): Promise<Credential | null> {
  if (service === null) return null
  const credential = await egress.credentialFor(service, url, method)
  if (credential === null && followed === 0) {
    throw new ControllerError('GUARD_DENIED', `${method} ${originOf(url)}${url.path} does not belong to the egress service ${service}.`, {
      hint: 'Use a URL and a method of the service, or leave `service` out.',
    })
  }
  return credential
}

/** The redirect is followed or refused, and its body does not matter; any other answer is read. */
async function readSafely(request: WebRequest, answer: Answer, followed: number, redactor: Redactor, fetching: Fetching): Promise<Hop> {
  const next = await nextOf(request, answer, followed, redactor, fetching)
  const page = await readPage(request, answer, { maxBytes: next === null ? fetching.maxBytes : 0, redactor, onChunk: fetching.context.heartbeat })
  return { page, next, problem: null }
}

/** The answer says that the effect happened: whatever goes wrong from here on is told, and hides that no more. */
async function readEffect(request: WebRequest, answer: Answer, followed: number, redactor: Redactor, fetching: Fetching): Promise<Hop> {
  const problems: string[] = []
  const note = (error: unknown) => void problems.push(messageOf(cleaned(fromNetworkError(error, request.url.host), redactor)))
  const next = await nextOf(request, answer, followed, redactor, fetching).catch((error: unknown) => {
    note(error)
    return null
  })
  const limits = { redactor, onChunk: fetching.context.heartbeat }
  const page = await readPage(request, answer, { ...limits, maxBytes: fetching.maxBytes }).catch((error: unknown) => {
    note(error)
    return readPage(request, answer, { ...limits, maxBytes: 0 })
  })
  return { page, next, problem: problems.length === 0 ? null : problems.join(' ') }
}

async function nextOf(
  request: WebRequest,
  { status, headers }: Answer,
  followed: number,
  redactor: Redactor,
  fetching: Fetching,
): Promise<WebRequest | null> {
  const location = headerOf(headers, 'location')
  const next = redirectOf(request, status, location)
  if (next === null) return null
  const denied = (why: string) =>
    new ControllerError('GUARD_DENIED', `${request.url.host} redirects, and ${why}.`, { hint: 'Name the place itself, if the policy allows it.' })
  if (typeof next === 'string') throw denied(next)
  // As it was written too: a parsed URL has its host in lower case.
  if ([next.url.href, location ?? ''].some((text) => redactor.text(text) !== text)) throw denied('its target carries the credential of the service')
  if (followed >= MAX_REDIRECTS) throw new ControllerError('ACTION_FAILED', `${request.url.host} is redirected more than ${MAX_REDIRECTS} times.`)
  const { admitUrl } = fetching.context
  if (admitUrl !== undefined) await admitUrl(next.url.href, next.method)
  else if (originOf(next.url) !== originOf(request.url)) throw denied(`${originOf(next.url)} was not judged by the guard`)
  return next
}

function headersOf({ headers }: WebRequest, credential: Credential | null): Readonly<Record<string, string>> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const secret = credential === null ? [] : [[credential.header.toLowerCase(), credential.value] as const]
  return Object.fromEntries([['user-agent', 'planner-exec'], ['accept', '*/*'], ...given, ['accept-encoding', ACCEPTED_ENCODINGS], ...secret])
}

/** Of an exchange that carried a credential not even the cause is kept: parsers put what they read into it. */
function cleaned(error: ControllerError, redactor: Redactor): ControllerError {
  if (redactor === NOTHING_SECRET) return error
  const { code, hint, retryable } = error
  return new ControllerError(code, redactor.text(error.message), { hint, retryable })
}

function isDoubt(error: unknown): boolean {
  return error instanceof ControllerError && error.code === 'EFFECT_IN_DOUBT'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
