import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { ControllerError } from '../../../../../errors.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { objectAt, parseJson, textAt } from '../json-text.ts'

const DEFAULT_REGISTRY = 'https://registry.npmjs.org/'
/** The abbreviated metadata of packages with thousands of versions has some 10 MB. */
const MAX_BYTES = 24 * 1024 * 1024
/** From the request to the last byte of the answer. */
const TIMEOUT_MS = 15_000
const MAX_REDIRECTS = 3
const ABBREVIATED = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8'

/** What a registry says about a package. */
export type Answer =
  | { readonly kind: 'known'; readonly latest: string; deprecationOf(version: string): string | null }
  /** It answered, but not with that. */
  | { readonly kind: 'refused'; readonly problem: string }
  /** Nobody answered: asking for another package would not help. */
  | { readonly kind: 'unreachable'; readonly problem: string }

/**
 * The registry of the machine: `npm_config_registry`, otherwise npm's own; null when that is no plain web address. The settings of the
 * project are not trusted with that, and not looked at.
 */
export function registryUrl(environment: Readonly<Record<string, string | undefined>> = process.env): URL | null {
  const given = environment['npm_config_registry']
  try {
    const url = new URL(given === undefined || given === '' ? DEFAULT_REGISTRY : given)
    if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '') return null
    url.search = ''
    url.hash = ''
    if (!url.pathname.endsWith('/')) url.pathname += '/'
    return url
  } catch {
    return null
  }
}

/**
 * Asks for the abbreviated metadata of a package; each request is counted. Redirects are followed only within the registry's origin.
 * @throws ControllerError RESOURCE_LIMIT, ACTION_ABORTED
 */
export async function askRegistry(registry: URL, name: string, context: ExecutionContext, timeoutMs: number = TIMEOUT_MS): Promise<Answer> {
  let url = new URL(name.replace('/', '%2f'), registry)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    context.meter.use('networkRequests', 1)
    context.heartbeat()
    const response = await get(url, context, timeoutMs)
    if (response.kind !== 'answered') return response
    const { status, location, body } = response
    if (status < 300 || status > 399) return status === 200 ? answerOf(name, body) : { kind: 'refused', problem: `the registry answered ${status}` }
    const next = location === null ? null : within(url, location)
    if (next === null) return { kind: 'refused', problem: `the registry answered ${status}, which leads elsewhere` }
    url = next
  }
  return { kind: 'refused', problem: 'the registry redirects without end' }
}

type Response =
  | { readonly kind: 'answered'; readonly status: number; readonly location: string | null; readonly body: string }
  | Exclude<Answer, { readonly kind: 'known' }>

async function get(url: URL, context: ExecutionContext, timeoutMs: number): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await open(url, AbortSignal.any([context.signal, timeout]))
    const status = response.statusCode ?? 0
    const location = response.headers.location ?? null
    if (status !== 200) {
      response.destroy()
      return { kind: 'answered', status, location, body: '' }
    }
    const body = await read(response)
    return body === null ? { kind: 'refused', problem: `the answer is larger than ${MAX_BYTES} bytes` } : { kind: 'answered', status, location, body }
  } catch (error) {
    if (context.signal.aborted) throw new ControllerError('ACTION_ABORTED', 'Asking the registry was stopped.', { cause: context.signal.reason })
    if (timeout.aborted) return { kind: 'unreachable', problem: `the registry did not answer within ${timeoutMs} ms` }
    return { kind: 'unreachable', problem: `the registry could not be reached (${codeOf(error)})` }
  }
}

function open(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    const headers = { accept: ABBREVIATED, 'accept-encoding': 'identity', 'user-agent': 'planner-exec' }
    request(url, { method: 'GET', headers, signal, agent: false }, resolve).on('error', reject).end()
  })
}

/** The body, or null when it is too large. */
async function read(response: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > MAX_BYTES) {
      response.destroy()
      return null
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function within(url: URL, location: string): URL | null {
  try {
    const next = new URL(location, url)
    return next.origin === url.origin ? next : null
  } catch {
    return null
  }
}

/** An answer counts only if it is about this package, and its latest version is one that it lists. */
function answerOf(name: string, body: string): Answer {
  const parsed = parseJson(body)
  if (!parsed.ok) return { kind: 'refused', problem: 'the registry answered with something else than JSON' }
  const latest = textAt(objectAt(parsed.value, 'dist-tags'), 'latest')
  const versions = objectAt(parsed.value, 'versions')
  if (textAt(parsed.value, 'name') !== name || latest === null || !Object.hasOwn(versions, latest)) {
    return { kind: 'refused', problem: 'the registry answered with something else than metadata of the package' }
  }
  return { kind: 'known', latest, deprecationOf: (version) => textAt(objectAt(versions, version), 'deprecated') || null }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error'
}
