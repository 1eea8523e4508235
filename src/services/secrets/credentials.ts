import { isPlaceholder, isWordy, looksChosen, looksRandom } from './placeholder.ts'
import type { Span } from './span.ts'

/** A name that ends like that of a secret, given a value: `DB_PASSWORD=…`, `"token": "…"`, `password: …`, `apiKey => '…'`. */
const ASSIGNED =
  /(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|(?:access|private|auth|encryption|signing|account|secret|master)[_-]?key|credentials?)\\?["']?\]?[ \t]{0,8}(?::[ \t]{0,4}string[ \t]{0,4})?(?:=>|:=|=(?![=>])|:(?!:))[ \t]{0,8}(?:\\?(["'`])([^\s"'`\\]{6,300})\\?\1|([^\s"'`;|&<>(),{}[\]]{6,300}))/gi
const PASSWORD = /(?:passw(?:or)?d|passphrase|pwd)$/i
/** Names that speak of a secret and hold none. */
const HARMLESS = /public|csrf|xsrf|design[_-]?token|max[_-]?token|page[_-]?token|next[_-]?token|sync[_-]?token/i
/** The name before its last word, and what is before it on its line: neither is longer where it matters. */
const MAX_BEFORE = 120
const NAME = /[\w.-]{0,60}$/
const LINE_BEGINS = /(?:^|\n)[ \t]*(?:- )?$/
const LINE_ENDS = /[ \t]{0,8}\r?(?:\n|$)/y
const CAPITALS = /^[A-Z][A-Z0-9_]{2,}$/
/** `Authorization: Bearer …`, `x-api-key: …`, in a header, an object or a command line. */
const HEADER =
  /(?:(?:authorization|x-[a-z-]{0,30}(?:token|key|auth|secret))\\?["']?[ \t]{0,4}[:=,][ \t]{0,4}\\?["']?(?:(?:bearer|basic|token|apikey|negotiate)[ \t]{1,4})?|\bbearer[ \t]{1,4})([\w.~+/=-]{12,4096})/gi
const HAS_HEADER = /authorization|bearer|x-[a-z-]{0,30}(?:token|key|auth|secret)/i
const SIGN = '://'
/** Neither part of a URL is longer in practice, and hostile texts must not make the search wander. */
const AUTHORITY = /([^\s:/?#@"'`<>(){}[\]\\|,;]{0,100}):([^\s/?#@"'`<>()[\]\\|,;]{3,256})@[\w.[-]/y
/** Passwords that everybody knows: they protect nothing, and nothing is lost with them. */
const COMMON =
  /^(?:pass|pwd?|user(?:name)?|admin|root|guest|postgres|mysql|mongo|redis|rabbitmq?|minio(?:admin)?|dev|local|app|api|key|[a-z]{1,4}|\d{1,6}|[a-z]{1,8}\d{1,3})$/i

/** Values that are secrets because of where they stand: given to a name, in a header, in a URL. Not in order. */
export function credentialSpans(text: string): readonly Span[] {
  return [...assignedSpans(text), ...(HAS_HEADER.test(text) ? headerSpans(text) : []), ...urlSpans(text)]
}

const spanAt = (start: number, value: string, kind: string): Span => ({ start, end: start + value.length, kind, ref: null })

function assignedSpans(text: string): readonly Span[] {
  const spans: Span[] = []
  for (const match of text.matchAll(ASSIGNED)) {
    const [whole, quote, quoted, bare = ''] = match
    const value = quoted ?? bare
    const before = text.slice(Math.max(0, match.index - MAX_BEFORE), match.index)
    const name = (NAME.exec(before)?.[0] ?? '') + (/^[\w-]+/.exec(whole)?.[0] ?? '')
    if (HARMLESS.test(name) || isPlaceholder(value) || COMMON.test(value)) continue
    const end = match.index + whole.length - (quote === undefined ? 0 : whole.endsWith(`\\${quote}`) ? 2 : 1)
    const style = styleOf(text, { name, before, end, whole, isQuoted: quote !== undefined })
    if (style !== null && isSecret(name, value, style)) spans.push(spanAt(end - value.length, value, PASSWORD.test(name) ? 'password' : 'credential'))
  }
  return spans
}

interface Assignment {
  readonly name: string
  readonly before: string
  readonly end: number
  readonly whole: string
  readonly isQuoted: boolean
}

/** How it is written: as a variable of an environment, or else in quotes or on a line of its own; null for code. */
function styleOf(text: string, { name, before, end, whole, isQuoted }: Assignment): 'environment' | 'other' | null {
  const isCapital = CAPITALS.test(name.replace(/^.*[.-]/, ''))
  if (isCapital && /^\w+=\S/.test(whole)) return 'environment'
  LINE_ENDS.lastIndex = end
  const isLine = LINE_BEGINS.test(before.slice(0, before.length - (NAME.exec(before)?.[0].length ?? 0))) && LINE_ENDS.test(text)
  if (isLine && isCapital) return 'environment'
  return isQuoted || isLine ? 'other' : null
}

/** Who names a variable of an environment so means a value: a password need not look like one. */
function isSecret(name: string, value: string, style: 'environment' | 'other'): boolean {
  if (looksRandom(value)) return true
  if (!PASSWORD.test(name)) return false
  return style === 'environment' ? /[A-Za-z]/.test(value) && !value.startsWith('/') : looksChosen(value)
}

function headerSpans(text: string): readonly Span[] {
  return [...text.matchAll(HEADER)].flatMap((match) => {
    const [whole, value = ''] = match
    if (isPlaceholder(value) || isWordy(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return []
    return [spanAt(match.index + whole.length - value.length, value, 'authorization')]
  })
}

function urlSpans(text: string): readonly Span[] {
  const spans: Span[] = []
  for (let at = text.indexOf(SIGN); at !== -1; at = text.indexOf(SIGN, at + SIGN.length)) {
    AUTHORITY.lastIndex = at + SIGN.length
    const match = AUTHORITY.exec(text)
    if (match === null) continue
    const [, user = '', password = ''] = match
    if (isPlaceholder(password) || COMMON.test(password) || password.toLowerCase() === user.toLowerCase() || /^[A-Z_]{4,}$/.test(password)) continue
    spans.push(spanAt(at + SIGN.length + user.length + 1, password, 'password'))
  }
  return spans
}
