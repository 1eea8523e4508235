/** A value that must not be seen, and what stands in its place: `${secret:<name>}`. */
export interface Secret {
  readonly name: string
  /** Printable ASCII. */
  readonly value: string
}

/** Takes known secrets out of what came from outside, in every form a server may echo them in. */
export interface Redactor {
  /** In any encoding that keeps ASCII as it is. */
  bytes(content: Buffer): Buffer
  text(content: string): string
  /** Length of the longest form, in bytes: content that is cut must be looked at so much further. */
  readonly reach: number
}

/** The longest way to write one character: `\u0041`, `&#x41;`, `&quot;`. */
const LONGEST_ESCAPE = 6
/** Characters of a secret in one pattern: V8 gives up on patterns of some thousands, with the pattern in the message. */
const MAX_PIECE = 64
const ENTITIES: Readonly<Record<string, string>> = { '"': '&quot;', '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;' }

/** Recognises each secret as it is, escaped (JSON, URL, HTML, any characters of it), in hex, and in base64 at any offset in a longer text. */
export function createRedactor(secrets: readonly Secret[]): Redactor {
  const patterns = secrets.flatMap(({ name, value }) => piecesOf(value).map((piece) => ({ pattern: patternOf(piece), mark: `\${secret:${name}}` })))
  const text = (content: string): string => patterns.reduce((left, { pattern, mark }) => left.replace(pattern, () => mark), content)
  return {
    text,
    bytes: (content) => (patterns.length === 0 ? content : Buffer.from(text(content.toString('latin1')), 'latin1')),
    reach: Math.max(0, ...secrets.map(({ value }) => value.length * LONGEST_ESCAPE)),
  }
}

/** A long secret in pieces of nearly the same length, each of which is looked for by itself: patterns stay small, and a part of it is found too. */
function piecesOf(value: string): readonly string[] {
  const count = Math.ceil(value.length / MAX_PIECE)
  const length = Math.ceil(value.length / count)
  return Array.from({ length: count }, (_, index) => value.slice(index * length, (index + 1) * length))
}

function patternOf(value: string): RegExp {
  const bytes = Buffer.from(value, 'latin1')
  const escaped = [...value].map(anyEscape).join('')
  const hex = [...bytes].map(anyHex).join('')
  return new RegExp([escaped, hex, ...base64Forms(bytes)].join('|'), 'g')
}

function anyEscape(character: string): string {
  const code = character.charCodeAt(0)
  const hex = anyHex(code)
  const literal = escapeRegExp(character)
  const forms = [literal, `%${hex}`, `\\\\u00${hex}`, `\\\\x${hex}`, `&#[xX]0*${hex};`, `&#0*${code};`]
  if (/["\\/']/.test(character)) forms.push(`\\\\${literal}`)
  if (character === ' ') forms.push('\\+')
  const entity = ENTITIES[character]
  return `(?:${[...(entity === undefined ? [] : [entity]), ...forms.toReversed()].join('|')})`
}

function anyHex(byte: number): string {
  return byte
    .toString(16)
    .padStart(2, '0')
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
}

/** What base64 of any text around the bytes has in common, for each of the three ways that they can lie in its groups of three. */
function base64Forms(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const length = offset + bytes.byteLength
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    const stable = whole.slice(Math.ceil((offset * 8) / 6), Math.floor((length * 8) / 6))
    return stable.replaceAll(/[+/]/g, (sign) => (sign === '+' ? '(?:[+-]|%2[bB])' : '(?:[/_]|\\\\/|%2[fF])'))
  })
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}
