import { createHash } from 'node:crypto'
import { readBody } from './body.ts'
import type { Answer, WebRequest } from './exchange.ts'
import { headerOf, toldHeaders } from './response-headers.ts'
import type { Redactor } from './secret-forms.ts'
import { contentOf, type Content } from './text.ts'

/** One answer as an output holds it. */
export interface Page extends Content {
  readonly url: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | null
  /** Of the decoded body as far as it is kept. */
  readonly bytes: number
  readonly truncated: boolean
  /** Of the whole decoded body; null when it is not whole. */
  readonly sha256: string | null
}

interface PageLimits {
  /** Of the decoded body; 0 reads nothing. */
  readonly maxBytes: number
  readonly redactor: Redactor
  readonly onChunk: () => void
}

/** Answers that have no body, whatever their headers say. */
const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304])

/** Reads an answer, with every secret in it replaced. */
export async function readPage({ url, method }: WebRequest, answer: Answer, { maxBytes, redactor, onChunk }: PageLimits): Promise<Page> {
  const { status, headers, body: source } = answer
  const hasBody = method !== 'HEAD' && !BODYLESS.has(status) && maxBytes > 0
  const contentEncoding = hasBody ? headerOf(headers, 'content-encoding') : null
  const raw = hasBody
    ? await readBody(source, contentEncoding, maxBytes + redactor.reach, onChunk)
    : { bytes: Buffer.alloc(0), truncated: maxBytes === 0 }
  const clean = redactor.bytes(raw.bytes)
  // What was cut may end in the beginning of a secret, which is not recognised.
  const bytes = clean.subarray(0, Math.min(maxBytes, raw.truncated ? Math.max(0, clean.byteLength - redactor.reach) : clean.byteLength))
  const truncated = raw.truncated || bytes.byteLength < clean.byteLength
  const contentType = headerOf(headers, 'content-type')
  const content = contentOf(bytes, contentType, truncated)
  return {
    url: redactor.text(url.href),
    status,
    headers: toldHeaders(headers, redactor.text),
    contentType: contentType === null ? null : redactor.text(contentType).slice(0, 256),
    // Most charsets keep ASCII as it is; of the others the text has to be looked at too.
    body: content.encoding === 'utf8' && /charset/i.test(contentType ?? '') ? redactor.text(content.body) : content.body,
    encoding: content.encoding,
    bytes: bytes.byteLength,
    truncated,
    sha256: truncated ? null : createHash('sha256').update(bytes).digest('hex'),
  }
}
