import { pipeline, type Duplex, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { ControllerError } from '../../../errors.ts'

export interface Body {
  /** Decoded, at most as many as were asked for. */
  readonly bytes: Buffer
  /** Whether there is more. */
  readonly truncated: boolean
}

type Decoder = Duplex & { readonly bytesWritten: number }

const DECODERS: Readonly<Record<string, () => Decoder>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}
/** What is offered to servers; `deflate` is left out since servers do not agree on what it is. */
export const ACCEPTED_ENCODINGS = 'gzip, br'
/** Encodings with a name that can be told (IANA's list, and Amazon's); any other name is the server's own text, which may echo what it was sent. */
const KNOWN = new Set(['zstd', 'compress', 'x-compress', 'exi', 'pack200-gzip', 'aes128gcm', 'dcb', 'dcz', 'aws-chunked'])
const MAX_LAYERS = 2
/** Times that a body may grow by decoding when it is cut off: what text takes at most, and what archive readers such as Apache POI draw the line at. */
const MAX_GROWTH = 100

/**
 * Reads a response's body through its content encodings, at most `maxBytes` of it when decoded; memory stays in proportion to that.
 * @throws ControllerError ACTION_FAILED for unknown or more than two encodings, and for a body that is cut off after growing a hundredfold
 */
export async function readBody(source: Readable, contentEncoding: string | null, maxBytes: number, onChunk: () => void): Promise<Body> {
  const decoders = decodersOf(contentEncoding)
  const last = decoders.at(-1) ?? source
  // Errors reach the reader below through the last stream, which the pipeline destroys with them.
  if (decoders.length > 0) pipeline([source, ...decoders], () => undefined)
  const kept: Buffer[] = []
  let length = 0
  for await (const chunk of last as AsyncIterable<Buffer>) {
    onChunk()
    const part = chunk.subarray(0, maxBytes - length)
    kept.push(part)
    length += part.byteLength
    if (part.byteLength === chunk.byteLength) continue
    refuseBomb(decoders[0], length)
    return { bytes: Buffer.concat(kept), truncated: true }
  }
  return { bytes: Buffer.concat(kept), truncated: false }
}

/** The outermost encoding is named last, and is taken off first. */
function decodersOf(contentEncoding: string | null): readonly Decoder[] {
  const names = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  if (names.length > MAX_LAYERS) throw undecodable(`is encoded ${names.length} times, and more than ${MAX_LAYERS} are not taken off`)
  return names.toReversed().map((name) => {
    const create = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
    if (create === undefined)
      throw undecodable(`is encoded ${KNOWN.has(name) ? `as ${name}` : 'in an unknown way'}, which is not one of gzip, deflate, br`)
    return create()
  })
}

function refuseBomb(outermost: Decoder | undefined, length: number): void {
  if (outermost === undefined || length <= MAX_GROWTH * Math.max(1, outermost.bytesWritten)) return
  throw undecodable(`grew from ${outermost.bytesWritten} to more than ${length} bytes when it was decoded, as only bodies made to exhaust memory do`)
}

function undecodable(why: string): ControllerError {
  return new ControllerError('ACTION_FAILED', `The body of the answer ${why}.`, { hint: 'Fetch it from another place.' })
}
