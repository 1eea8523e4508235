import { createHash } from 'node:crypto'
import * as z from 'zod'
import { ControllerError } from '../../../errors.ts'
import { readWebUrl } from '../../../input/web-url.ts'
import { ServiceName } from '../../../model/egress.ts'
import { defineCapability } from '../define-capability.ts'
import type { CapabilityDefinition } from '../executor.ts'
import { systemLookup, type Lookup } from '../http/connector.ts'
import { createEgress, type Egress } from '../http/egress.ts'
import type { WebRequest } from '../http/exchange.ts'
import { fetchWeb, type WebTools } from '../http/fetch-web.ts'
import { RequestHeaders } from '../http/request-headers.ts'
import { count, Sha256 } from './arguments.ts'

const MIB = 1024 * 1024
const MAX_BYTES = 10 * MIB
const MAX_REQUEST_BYTES = MIB
const DEFAULT_TIMEOUT_MS = 30_000
const MAX_TIMEOUT_MS = 120_000
/** Time to tell an answer that came at the last moment. */
const GRACE_MS = 5_000

export interface HttpCapabilityOptions {
  /** Private hosts and credentials; default: none of either. */
  readonly egress?: Egress
  /** Finds the addresses of host names; default: the system's resolver. What it says is checked like anything else. */
  readonly lookup?: Lookup
  /** Certificate authorities in PEM to trust instead of Node's, such as a company's own. */
  readonly ca?: readonly string[]
}

const Url = z
  .string()
  .superRefine((text, ctx) => {
    const url = readWebUrl(text)
    if (typeof url === 'string') ctx.addIssue({ code: 'custom', message: url })
  })
  .describe('A complete http or https URL, without credentials.')

const common = {
  url: Url,
  headers: RequestHeaders.default({}).describe('Request headers; none that carries credentials, encodes or frames the message.'),
  maxBytes: count(1, MAX_BYTES).default(MIB).describe('Longest body to return, in bytes after decoding; 1 MiB when absent.'),
  timeoutMs: count(1, MAX_TIMEOUT_MS).default(DEFAULT_TIMEOUT_MS).describe('Time for everything, redirects included; 30 s when absent.'),
  service: ServiceName.optional().describe('An egress service of the configuration, whose credential goes along. The URL must belong to it.'),
}

const answer = {
  /** Where the answer came from, after redirects. */
  url: z.string(),
  status: z.number().int(),
  /** Those that say something about the content, by lower-case name. */
  headers: z.record(z.string(), z.string()),
  contentType: z.string().nullable(),
  /** Text, or base64 of what is none. */
  body: z.string(),
  encoding: z.enum(['utf8', 'base64']),
  /** Of the body before it became text. */
  bytes: z.number().int(),
  /** Whether the body has more than what is returned for lack of `maxBytes`. */
  truncated: z.boolean(),
  /** Of the decoded body; null when it is truncated. */
  sha256: Sha256.nullable(),
  /** The URLs that redirected, in order. */
  redirects: z.array(z.strictObject({ url: z.string(), status: z.number().int() })),
}

/** Fetching and sending over HTTP, with the private hosts and credentials of one configuration. */
export function createHttpCapabilities(options: HttpCapabilityOptions = {}): readonly CapabilityDefinition[] {
  const { egress = createEgress({}, { env: {} }), lookup = systemLookup, ca } = options
  const tools: WebTools = { egress, lookup, ...(ca === undefined ? {} : { ca }) }
  return [httpFetch(tools), httpSend(tools)]
}

function httpFetch(tools: WebTools) {
  return defineCapability({
    name: 'http.fetch.v1',
    title: 'Fetch a web page or a resource',
    description:
      'Gets a URL of the internet. A status other than 200 is an answer, not a failure. The URL itself is seen by the other side: what is written into it leaves this machine.',
    args: z.strictObject({ ...common, method: z.enum(['GET', 'HEAD']).default('GET').describe('GET when absent.') }),
    output: z.strictObject(answer),
    effect: 'read',
    risk: 'medium',
    needs: [],
    timeoutMs: MAX_TIMEOUT_MS + GRACE_MS,
    targets: ({ url }) => [{ kind: 'url', url }],
    async run({ url, method, headers, service = null, maxBytes, timeoutMs }, context) {
      const { problem: _, ...fetched } = await fetchWeb(
        requestOf(url, { method, headers, body: null }),
        { service, maxBytes, timeoutMs },
        tools,
        context,
      )
      return { ...fetched, redirects: [...fetched.redirects] }
    },
  })
}

function httpSend(tools: WebTools) {
  return defineCapability({
    name: 'http.send.v1',
    title: 'Send to a web service',
    description:
      'Sends a request that changes something elsewhere. A status other than 200 is an answer, not a failure. It is never repeated by itself: when no answer comes, a person says whether it took effect.',
    args: z.strictObject({
      ...common,
      method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE']),
      body: z
        .string()
        .refine((text) => Buffer.byteLength(text) <= MAX_REQUEST_BYTES, `must have at most ${MAX_REQUEST_BYTES} bytes`)
        .optional()
        .describe('What is sent, as UTF-8; its type is text/plain unless `headers` says otherwise.'),
    }),
    output: z.strictObject({
      ...answer,
      /** Why the redirect that was answered was not followed, or the body is missing; null when all went well. */
      problem: z.string().nullable(),
    }),
    effect: 'external',
    risk: 'high',
    needs: [],
    timeoutMs: MAX_TIMEOUT_MS + GRACE_MS,
    targets: ({ url }) => [{ kind: 'url', url }],
    async run({ url, method, headers, body = null, service = null, maxBytes, timeoutMs }, context) {
      const own = { 'idempotency-key': keyOf(context.idempotencyKey), ...(body === null ? {} : { 'content-type': 'text/plain; charset=utf-8' }) }
      const request = requestOf(url, { method, body, headers: { ...own, ...lowerCased(headers) } })
      const fetched = await fetchWeb(request, { service, maxBytes, timeoutMs }, tools, context)
      return { ...fetched, redirects: [...fetched.redirects] }
    },
  })
}

function requestOf(text: string, parts: Omit<WebRequest, 'url'>): WebRequest {
  const url = readWebUrl(text)
  if (typeof url === 'string') throw new ControllerError('ARGS_INVALID', `The URL ${url}.`)
  return { url, ...parts }
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The same for every attempt of one action, so that a server that knows the header takes it once; it tells nothing about the run. */
function keyOf(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 32)
}
