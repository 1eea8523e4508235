import type { Searched, Secret } from './secret.ts'

const BEGIN = '-----BEGIN '
const HEADER = /-----BEGIN ((?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED|PGP) )?PRIVATE KEY(?: BLOCK)?)-----/y
/** The largest RSA keys in use, 16384 bits, have about 13 000 characters. */
const MAX_BODY = 30_000
/** What a literal in a program puts between the lines: escapes, quotes, operators between quotes. */
const BETWEEN = /["'`]\s{0,40}\+\s{0,40}["'`]|\\[nrt]|\\\r?\n|["'`,;\s|]/g
const OPENSSH = Buffer.from('openssh-key-v1\0')
const SEQUENCE = 0x30

/** Private keys whose body decodes to what its header says: DER of the right length, OpenSSH's format, or an OpenPGP secret key. */
export function findPrivateKeys({ text }: Searched): Secret[] {
  const endAfter = createEndFinder(text)
  const found: Secret[] = []
  for (let at = text.indexOf(BEGIN); at !== -1; at = text.indexOf(BEGIN, at + BEGIN.length)) {
    HEADER.lastIndex = at
    const kind = HEADER.exec(text)?.[1]
    if (kind === undefined) continue
    const from = at + `${BEGIN}${kind}-----`.length
    const to = endAfter(kind, from)
    const body = to === -1 || to - from > MAX_BODY ? null : readBody(text.slice(from, to), kind)
    if (body === null) continue
    found.push({
      rule: 'secrets.private-key',
      name: body.isEncrypted ? 'Encrypted private key' : 'Private key',
      offset: at,
      value: text.slice(at, to),
      shown: `${BEGIN}${kind}`,
      isPrefix: true,
      confidence: 'verified',
      weight: body.isEncrypted ? 'limited' : 'live',
    })
  }
  return found
}

/** Remembers the next end of each kind: thousands of beginnings before one end must not each look for it. */
function createEndFinder(text: string): (kind: string, from: number) => number {
  const ends = new Map<string, number>()
  return (kind, from) => {
    const known = ends.get(kind)
    if (known !== undefined && (known === -1 || known >= from)) return known
    const end = text.indexOf(`-----END ${kind}-----`, from)
    ends.set(kind, end)
    return end
  }
}

function readBody(raw: string, kind: string): { isEncrypted: boolean } | null {
  const isEncrypted = kind.startsWith('ENCRYPTED') || raw.includes('ENCRYPTED')
  // Headers such as `Proc-Type: 4,ENCRYPTED` and `Version: …` stand before the base 64, the CRC of OpenPGP (`=abcd`) after it.
  const joined = raw
    .replace(/(?:^|\n|\\n)[ \t]*[A-Z][A-Za-z-]{2,20}: [^\n\\]{0,200}/g, '\n')
    .replace(BETWEEN, '')
    .replace(kind.startsWith('PGP') ? /=[\w+/]{4}$/ : /$^/, '')
  if (!/^[\w+/]{40,}={0,2}$/.test(joined) || joined.includes('_')) return null
  const bytes = Buffer.from(joined, 'base64')
  if (kind.startsWith('PGP')) return isSecretKeyPacket(bytes[0] ?? 0) ? { isEncrypted } : null
  if (kind.startsWith('OPENSSH'))
    return bytes.subarray(0, OPENSSH.length).equals(OPENSSH) ? { isEncrypted: isEncrypted || !usesNoCipher(bytes) } : null
  // What the old format encrypts is not DER.
  if (isEncrypted && !kind.startsWith('ENCRYPTED')) return { isEncrypted }
  return derLength(bytes) === bytes.length ? { isEncrypted } : null
}

/** RFC 9580: tag 5 in the old or the new packet format. */
function isSecretKeyPacket(first: number): boolean {
  return (first >= 0x94 && first <= 0x97) || first === 0xc5
}

/** After the magic comes the cipher's name with its length before it. */
function usesNoCipher(bytes: Buffer): boolean {
  return bytes.toString('latin1', OPENSSH.length + 4, OPENSSH.length + 8) === 'none'
}

/** The length of a whole DER sequence, its header included, or -1. */
function derLength(bytes: Buffer): number {
  const [tag, length = 0] = bytes
  if (tag !== SEQUENCE) return -1
  if (length < 0x80) return 2 + length
  const size = length & 0x7f
  return size > 3 || bytes.length < 2 + size ? -1 : 2 + size + bytes.readUIntBE(2, size)
}
