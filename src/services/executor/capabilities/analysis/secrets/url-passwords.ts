import { isInvented } from './invented.ts'
import type { Searched, Secret } from './secret.ts'

const SIGN = '://'
/** Neither part of a URL is longer in practice, and hostile texts must not make the search wander. */
const MAX_SCHEME = 24
const MAX_AUTHORITY = 300
const SCHEME = /[a-z][a-z0-9+.-]*$/i
const AUTHORITY = /^([^\s:/?#@"'`<>(){}[\]\\|,;$*]*):([^\s/?#@"'`<>(){}[\]\\|,;*]{3,200})@([A-Za-z0-9_-][\w.-]*)/
/** Passwords that everybody knows: they protect nothing, and nothing is lost with them. */
const KNOWN =
  /^(?:pass|pwd?|passwd|user(?:name)?|admin|root|guest|postgres|mysql|mongo|redis|rabbitmq?|minio(?:admin)?|sa|dev|local|app|api|key|[a-z]{1,4}|\d{1,6}|[a-z]+\d{1,3})$/i
const LOCAL_HOST = /^(?:localhost|127\.[\d.]+|0\.0\.0\.0|host\.docker\.internal|[\w-]+)$|\.(?:local|test|localhost|internal|invalid)$/i
const RESERVED_HOST =
  /(?:^|\.)(?:example\.(?:com|org|net|edu)|example|domain\.(?:com|tld)|host\.(?:com|name|tld)|(?:my|your)[\w-]*\.\w+|site\.com|foo\.com|bar\.com)$|^(?:host(?:name)?|server|domain|address|ip)$/i

/** Passwords in URLs and connection strings, `scheme://user:password@host`. */
export function findUrlPasswords({ text }: Searched): Secret[] {
  const found: Secret[] = []
  for (let at = text.indexOf(SIGN); at !== -1; at = text.indexOf(SIGN, at + SIGN.length)) {
    const scheme = SCHEME.exec(text.slice(Math.max(0, at - MAX_SCHEME), at))?.[0]
    const authority = AUTHORITY.exec(text.slice(at + SIGN.length, at + SIGN.length + MAX_AUTHORITY))
    if (scheme === undefined || authority === null) continue
    const [, user = '', password = '', host = ''] = authority
    if (!isTelling(user, password, host)) continue
    const offset = at + SIGN.length + user.length + 1
    found.push({
      rule: 'secrets.url-password',
      name: 'Password in a URL',
      offset,
      value: password,
      shown: `${scheme}${SIGN}`,
      isPrefix: false,
      confidence: 'heuristic',
      weight: LOCAL_HOST.test(host) ? 'limited' : 'live',
    })
  }
  return found
}

function isTelling(user: string, password: string, host: string): boolean {
  if (/^anonymous$/i.test(user) || RESERVED_HOST.test(host) || KNOWN.test(password) || isInvented(password)) return false
  return password.toLowerCase() !== user.toLowerCase() && !/^%[A-Za-z_]/.test(password) && !/^[A-Z_]{4,}$/.test(password)
}
