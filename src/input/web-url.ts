import { reachOfHost, type Reach } from './address.ts'

/** A URL that can be fetched, as the WHATWG parser writes it: what is checked is what is dialled. */
export interface WebUrl {
  /** Without fragment; its host without a dot at the end. */
  readonly href: string
  readonly scheme: 'http' | 'https'
  /** Lower case, punycode, IPv6 in brackets. */
  readonly host: string
  /** `443` or `80` when the URL leaves it to the scheme. */
  readonly port: string
  /** Begins with `/`; dot segments resolved, percent-encoding as it was. */
  readonly path: string
  readonly hasQuery: boolean
  /** Where the host leads as far as its spelling tells. A public name can still resolve to a private address. */
  readonly reach: Reach
}

/** What a URL must have none of: the parser drops or converts these, so that people and other parsers read another URL than it does. */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Cs}\\]/u
/** Longest URL in characters: RFC 9110 asks for 8,000. */
const MAX_URL = 8192
const DEFAULT_PORTS = { http: '80', https: '443' } as const
/** Ports of services that take HTTP for commands of their own, such as mail and IRC: the "bad ports" of the WHATWG Fetch standard, and 0. */
const BAD_PORTS = new Set(
  [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119,
    123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
  ].map(String),
)

/** Reads a URL as the client that fetches it will; a string is what is wrong with it. */
export function readWebUrl(text: string): WebUrl | string {
  if (text.length > MAX_URL) return `has more than ${MAX_URL} characters`
  if (DECEPTIVE.test(text)) return 'contains a space, a backslash, or a control or invisible character'
  const url = URL.canParse(text) ? new URL(text) : null
  const scheme = url?.protocol === 'http:' ? 'http' : url?.protocol === 'https:' ? 'https' : null
  // `http:host` and `http:/host` are complete for the parser alone.
  if (url === null || scheme === null || !/^https?:\/\//i.test(text)) return 'is not an http or https URL'
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(text)) return 'carries a user name or password'
  if (BAD_PORTS.has(url.port)) return `has port ${url.port}, which is not for HTTP`
  const host = url.hostname.replace(/\.$/, '')
  const port = url.port || DEFAULT_PORTS[scheme]
  const authority = url.port === '' ? host : `${host}:${url.port}`
  const href = `${scheme}://${authority}${url.pathname}${url.search}`
  const reach = reachOfHost(host)
  if (reach === 'invalid') return 'names nothing that is a host'
  return { href, scheme, host, port, path: url.pathname, hasQuery: url.search !== '', reach }
}

/** `host:port` of a URL, as private hosts are listed. */
export function hostKey({ host, port }: Pick<WebUrl, 'host' | 'port'>): string {
  return `${host}:${port}`
}

/** Scheme, host and port: what two URLs must share so that what was meant for one may go to the other. */
export function originOf({ scheme, host, port }: Pick<WebUrl, 'scheme' | 'host' | 'port'>): string {
  return `${scheme}://${host}:${port}`
}

/** Reads `host:port` as an operator writes it (`127.0.0.1:8080`, `[::1]:8080`, `git.internal:443`); a string is what is wrong with it. */
export function readHostPort(text: string): Pick<WebUrl, 'host' | 'port' | 'reach'> | string {
  if (!/^[^/?#@\s\\]+:[0-9]{1,5}$/.test(text)) return 'is not host:port, such as 127.0.0.1:8080'
  const url = readWebUrl(`http://${text}/`)
  if (typeof url === 'string') return `is not host:port, such as 127.0.0.1:8080: it ${url}`
  return { host: url.host, port: url.port, reach: url.reach }
}
