import { TextDecoder } from 'node:util'

/** A body as an output holds it. */
export interface Content {
  readonly body: string
  /** `base64` for what is not text. */
  readonly encoding: 'utf8' | 'base64'
}

const TEXTUAL =
  /^(?:text\/.*|application\/(?:.*\+)?(?:json|xml|yaml)|application\/(?:x-ndjson|jsonl|javascript|ecmascript|toml|x-yaml|x-www-form-urlencoded|graphql))$/

/**
 * Text in the charset that the content type names, UTF-8 when it names none. What has no textual type is text when it is UTF-8 without NUL, and
 * base64 otherwise; so is what has an unknown charset. `truncated`: the last character may be cut, and is then left out.
 */
export function contentOf(bytes: Buffer, contentType: string | null, truncated: boolean): Content {
  const [type = '', ...params] = (contentType ?? '').split(';').map((part) => part.trim())
  const charset = params.map((param) => /^charset="?([^"]*)"?$/i.exec(param)?.[1]).find((label) => label !== undefined)
  const isTextual = TEXTUAL.test(type.toLowerCase())
  const decoder = decoderFor(charset ?? 'utf-8', !isTextual)
  const text = decoder === null ? null : decode(decoder, bytes, truncated)
  if (text === null || (!isTextual && text.includes('\0'))) return { body: bytes.toString('base64'), encoding: 'base64' }
  return { body: text, encoding: 'utf8' }
}

function decoderFor(label: string, fatal: boolean): TextDecoder | null {
  try {
    return new TextDecoder(label, { fatal })
  } catch {
    return null
  }
}

function decode(decoder: TextDecoder, bytes: Buffer, truncated: boolean): string | null {
  try {
    return decoder.decode(bytes, { stream: truncated })
  } catch {
    return null
  }
}
