/** A way in which a secret may be written. */
export interface Form {
  readonly text: string
  /** Empty for the value itself. */
  readonly form: '' | 'json' | 'hex' | 'base64' | 'url' | 'part'
  /** How many characters before and after it hold bits of the secret too. */
  readonly left: 0 | 1
  readonly right: 0 | 1
}

/** Shorter texts occur by chance. */
const MIN_CHARS = 8
/** Of one line of a secret with many. */
const MIN_LINE_CHARS = 16

/**
 * The texts under which a secret may appear, shorter than 8 characters none. Percent-encodings and escapes of single characters are not
 * among them: the text that is searched is decoded instead, so that any mixture is found.
 */
export function formsOf(value: string): readonly Form[] {
  const bytes = Buffer.from(value, 'utf8')
  const json = JSON.stringify(value).slice(1, -1)
  const forms: Form[] = [
    whole(value, ''),
    whole(json, 'json'),
    whole(JSON.stringify(json).slice(1, -1), 'json'),
    whole(value.replaceAll('\n', '\r\n'), 'json'),
    whole(value.replaceAll(' ', '+'), 'url'),
    // Percent-encoded bytes are decoded one by one.
    whole(bytes.toString('latin1'), 'url'),
    whole(bytes.toString('hex'), 'hex'),
    whole(bytes.toString('hex').toUpperCase(), 'hex'),
    ...[0, 1, 2].flatMap((offset) => base64Forms(bytes, offset)),
    ...linesOf(value),
  ]
  const seen = new Set<string>()
  return forms.filter(({ text }) => text.length >= MIN_CHARS && !seen.has(text) && seen.add(text))
}

const whole = (text: string, form: Form['form']): Form => ({ text, form, left: 0, right: 0 })

/** What base 64 makes of the bytes when `offset` others (of three) come before them: the characters that depend on the secret alone. */
function base64Forms(bytes: Buffer, offset: number): readonly Form[] {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  const bits = (offset + bytes.length) * 8
  const core = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(bits / 6))
  const edges = { left: offset === 0 ? 0 : 1, right: bits % 6 === 0 ? 0 : 1 } as const
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')].map((text) => ({ text, form: 'base64' as const, ...edges }))
}

/** What `grep` or a pager shows of a key. */
function linesOf(value: string): readonly Form[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim())
  if (lines.length === 1) return []
  return lines.filter((line) => line.length >= MIN_LINE_CHARS && !line.startsWith('-----')).map((line) => whole(line, 'part'))
}
