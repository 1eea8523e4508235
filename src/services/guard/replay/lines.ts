import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip } from 'node:zlib'
import { ControllerError } from '../../../errors.ts'

export interface LineLimits {
  /** Characters of one line; a longer one is skipped, and reported. */
  readonly maxLineCharacters: number
  /** Bytes of the file once decompressed; reading ends there. */
  readonly maxBytes: number
}

/** A line, from 1; `text` is null when it is too long to be looked at. */
export interface Line {
  readonly number: number
  readonly text: string | null
}

const GZIP_MAGIC = [0x1f, 0x8b]

/**
 * The lines of a file, decompressed when it begins as gzip does, whatever it is called. Never more than a line and a chunk are in memory.
 *
 * @throws ControllerError USAGE when the file cannot be read, is not gzip after all, or holds too much; the lines before that were given out
 */
export async function* readLines(path: string, limits: LineLimits): AsyncGenerator<Line> {
  try {
    yield* linesOf(path, limits)
  } catch (error) {
    // What a reader of the lines throws does not come by here.
    const message = error instanceof Error ? error.message : String(error)
    throw new ControllerError('USAGE', `cannot replay ${JSON.stringify(path)}: ${message}`, {
      hint: 'Give a file of one JSON object a line, plain or compressed with gzip.',
      cause: error,
    })
  }
}

async function* linesOf(path: string, limits: LineLimits): AsyncGenerator<Line> {
  const gunzip = (await isGzip(path)) ? createGunzip() : null
  const file = createReadStream(path)
  try {
    if (gunzip !== null) pipeline(file, gunzip, () => undefined)
    yield* splitLines(gunzip ?? file, limits)
  } finally {
    file.destroy()
  }
}

async function isGzip(path: string): Promise<boolean> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === GZIP_MAGIC[0] && buffer[1] === GZIP_MAGIC[1]
  } finally {
    await handle.close()
  }
}

async function* splitLines(source: AsyncIterable<Buffer>, { maxLineCharacters, maxBytes }: LineLimits): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8')
  let number = 1
  let bytes = 0
  let kept: string[] = []
  let length = 0
  const keep = (text: string): void => {
    length += text.length
    if (length <= maxLineCharacters) kept.push(text)
    else kept = []
  }
  const take = (): Line => {
    const line = { number, text: length <= maxLineCharacters ? kept.join('') : null }
    number += 1
    kept = []
    length = 0
    return line
  }
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new RangeError(`it holds more than ${maxBytes} bytes`)
    const parts = decoder.write(chunk).split('\n')
    const last = parts.pop() ?? ''
    for (const part of parts) {
      keep(part)
      yield take()
    }
    keep(last)
  }
  keep(decoder.end())
  if (length > 0) yield take()
}
