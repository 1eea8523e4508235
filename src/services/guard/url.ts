import { isIP } from 'node:net'
import { quote } from './quote.ts'
import { refusal, type Ruling } from './ruling.ts'

/** A URL target that may be looked at by rules. */
export interface CheckedUrl {
  readonly kind: 'url'
  /** As the WHATWG parser writes it: lower case, punycode, no dot at the end. */
  readonly host: string
  /** `443` when the URL leaves it to the scheme. */
  readonly port: string
}

const DEFAULT_PORTS: Record<string, string> = { 'http:': '80', 'https:': '443' }

/** Parses a URL as the client that fetches it will, and refuses what no policy can allow. */
export function checkUrl(text: string): CheckedUrl | Ruling {
  const url = URL.canParse(text) ? new URL(text) : null
  const defaultPort = url && DEFAULT_PORTS[url.protocol]
  if (!url || !defaultPort) return refusal('url', `${quote(text)} is not an http or https URL`, 'Use a complete http or https URL.')
  if (url.username !== '' || url.password !== '')
    return refusal('url', `the URL of ${quote(url.hostname)} carries a user name or password`, 'Leave credentials out of the URL.')
  return { kind: 'url', host: url.hostname.replace(/\.$/, ''), port: url.port || defaultPort }
}

/** A compiled `{host}`, `{*.host}`, `{*}`, each optionally with `:port`. */
export interface HostPattern {
  /** `wide` also lets `*` stand for addresses, which a grant must name. */
  matches(url: CheckedUrl, wide: boolean): boolean
}

/** Compiles the text between the braces; a string is what is wrong with it. */
export function compileHost(text: string): HostPattern | string {
  const parts = /^(\*|(\*\.)?([^*/?#@\s]+?))(?::([0-9]{1,5}))?$/.exec(text)
  if (!parts) return `{${text}} is not a host; write {example.com}, {*.example.com} or {*}, with :port when it matters`
  const [, whole, wildcard, name, port] = parts
  const portMatches = (url: CheckedUrl): boolean => port === undefined || url.port === String(Number(port))
  if (whole === '*') return { matches: (url, wide) => portMatches(url) && (wide || isPublicName(url.host)) }
  if (name === undefined || !URL.canParse(`http://${name}/`)) return `{${text}} is not a host`
  const host = new URL(`http://${name}/`).hostname.replace(/\.$/, '')
  if (wildcard === undefined) return { matches: (url) => portMatches(url) && url.host === host }
  return { matches: (url) => portMatches(url) && url.host.endsWith(`.${host}`) }
}

function isPublicName(host: string): boolean {
  return isIP(host.replace(/^\[|\]$/g, '')) === 0 && host.includes('.') && !/\.(localhost|local|internal)$/.test(host)
}
