import { describeReach, isAddress, mayBeOpened } from '../../input/address.ts'
import { hostKey, readWebUrl, type WebUrl } from '../../input/web-url.ts'
import { quote } from './quote.ts'
import { refusal, type Ruling } from './ruling.ts'

/** A URL target that may be looked at by rules. */
export interface CheckedUrl extends Omit<WebUrl, 'href' | 'reach'> {
  readonly kind: 'url'
  /** Whether the host is an address and not a name, which `*` in a grant never means either. */
  readonly isAddress: boolean
  /** False for this machine, the networks around it, and whatever else is listed as private, which `*` in a grant never means. */
  readonly isPublic: boolean
}

const NONE: ReadonlySet<string> = new Set()

/**
 * Parses a URL as the client that fetches it will, and refuses what no policy can allow: another scheme than http and https, credentials in it,
 * and every host that is not on the internet, unless the operator listed it by `host:port` in `privateHosts` (`egress.private_hosts`). A listed
 * host still needs a rule that names it, and metadata services, link-local and other special addresses cannot be listed.
 */
export function checkUrl(text: string, privateHosts: ReadonlySet<string> = NONE): CheckedUrl | Ruling {
  const url = readWebUrl(text)
  if (typeof url === 'string') return refusal('url', `${quote(text)} ${url}`, 'Use a complete http or https URL, without credentials.')
  const { scheme, host, port, path, hasQuery, reach } = url
  const isListed = privateHosts.has(hostKey(url))
  if (reach !== 'public' && !(mayBeOpened(reach) && isListed)) {
    return refusal(
      'private-address',
      `${quote(host)} leads to ${describeReach(reach)}`,
      mayBeOpened(reach) ? `List "${hostKey(url)}" in egress.private_hosts of the configuration, if it is meant.` : 'Use a host on the internet.',
    )
  }
  return { kind: 'url', scheme, host, port, path, hasQuery, isAddress: isAddress(host), isPublic: reach === 'public' && !isListed }
}

/** A compiled `{host}`, `{*.host}`, `{*}`, each optionally with `:port`. */
export interface HostPattern {
  /** One of `hostNames` of every URL that matches; none when any may. */
  readonly needs: readonly string[]
  /** `wide` also lets `*` stand for addresses, which a grant must name. */
  matches(url: CheckedUrl, wide: boolean): boolean
}

/** A host, and each end of it that begins with a dot. */
export function hostNames(host: string): readonly string[] {
  const names = [host]
  for (let at = host.indexOf('.'); at >= 0; at = host.indexOf('.', at + 1)) names.push(host.slice(at))
  return names
}

/** Compiles the text between the braces; a string is what is wrong with it. */
export function compileHost(text: string): HostPattern | string {
  const parts = /^(\*|(\*\.)?([^*/?#@\s]+?))(?::([0-9]{1,5}))?$/.exec(text)
  if (!parts) return `{${text}} is not a host; write {example.com}, {*.example.com} or {*}, with :port when it matters`
  const [, whole, wildcard, name, port] = parts
  const portMatches = (url: CheckedUrl): boolean => port === undefined || url.port === String(Number(port))
  if (whole === '*') return { needs: [], matches: (url, wide) => portMatches(url) && (wide || (url.isPublic && !url.isAddress)) }
  if (name === undefined || !URL.canParse(`http://${name}/`)) return `{${text}} is not a host`
  const host = new URL(`http://${name}/`).hostname.replace(/\.$/, '')
  if (wildcard === undefined) return { needs: [host], matches: (url) => portMatches(url) && url.host === host }
  return { needs: [`.${host}`], matches: (url, wide) => portMatches(url) && url.host.endsWith(`.${host}`) && (wide || url.isPublic) }
}
