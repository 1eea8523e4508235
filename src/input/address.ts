import ipaddr from 'ipaddr.js'

/** Where an address or a host name leads. Only `public` is the open internet; everything that is not known to be public is something else. */
export type Reach =
  | 'public'
  | 'loopback'
  | 'private'
  | 'unique-local'
  | 'carrier-grade-nat'
  | 'local-name'
  | 'link-local'
  | 'metadata'
  | 'site-local'
  | 'multicast'
  | 'broadcast'
  | 'unspecified'
  | 'benchmarking'
  | 'documentation'
  | 'reserved'
  | 'tunnel'
  | 'zoned'
  | 'invalid'

type V4 = ReturnType<typeof ipaddr.IPv4.parse>
type V6 = ReturnType<typeof ipaddr.IPv6.parse>

/** Services that hand out credentials to whoever asks from inside a machine of that cloud: AWS (also ECS, EKS), Azure, Google, Alibaba, Tencent, Oracle. */
const METADATA_ADDRESSES = new Set([
  '169.254.169.254',
  '169.254.169.253',
  '169.254.169.123',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.0.23',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::253',
  'fd00:ec2::23',
  'fd00:42::42',
  'fd20:ce::254',
])
const METADATA_NAMES = new Set(['metadata.goog', 'metadata.tencentyun.com'])
const METADATA_LABELS = new Set(['metadata', 'instance-data'])
/** Ends of names that belong to a site: RFC 6761, 6762 (with its appendix G), 7686, 8375, 9476, and `internal`, which ICANN reserved in 2024. */
const LOCAL_SUFFIXES = ['local', 'internal', 'home.arpa', 'localdomain', 'lan', 'home', 'corp', 'mail', 'intranet', 'private', 'onion', 'alt']
/** RFC 1035: 253 visible characters, 63 in a label; `_` is in use for names of services. */
const MAX_NAME = 253
const LABEL = /^[a-z0-9_-]{1,63}$/

const V4_WORDS: Readonly<Record<string, Reach>> = {
  unicast: 'public',
  loopback: 'loopback',
  private: 'private',
  carrierGradeNat: 'carrier-grade-nat',
  linkLocal: 'link-local',
  multicast: 'multicast',
  broadcast: 'broadcast',
  unspecified: 'unspecified',
}
const V6_WORDS: Readonly<Record<string, Reach>> = {
  unicast: 'public',
  loopback: 'loopback',
  uniqueLocal: 'unique-local',
  linkLocal: 'link-local',
  deprecatedSiteLocal: 'site-local',
  multicast: 'multicast',
  unspecified: 'unspecified',
  benchmarking: 'benchmarking',
  '6to4': 'tunnel',
  teredo: 'tunnel',
  rfc6145: 'tunnel',
}
const V4_RANGES = cidrs(
  (text) => ipaddr.IPv4.parseCIDR(text),
  [
    ['192.0.2.0/24', 'documentation'],
    ['198.51.100.0/24', 'documentation'],
    ['203.0.113.0/24', 'documentation'],
    ['198.18.0.0/15', 'benchmarking'],
  ],
)
const V6_RANGES = cidrs(
  (text) => ipaddr.IPv6.parseCIDR(text),
  [
    ['2001:db8::/32', 'documentation'],
    ['3fff::/20', 'documentation'],
    // The operator's own translator, whose inside nobody else knows (RFC 8215).
    ['64:ff9b:1::/48', 'tunnel'],
  ],
)
/** What is handed out to the internet so far (RFC 4291): the rest of the IPv6 space leads nowhere, or somewhere unknown. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
const TRANSLATED = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
const MAPPED = ipaddr.IPv6.parseCIDR('::ffff:0:0/96')

/**
 * Where an IP address leads, in any of its canonical forms (four decimal parts, or IPv6 without brackets). An IPv6 address that only wraps an IPv4
 * one (mapped, NAT64) leads where that one does; 6to4, Teredo and ISATAP, which choose their own exit, are `tunnel` whatever they wrap.
 */
export function reachOfAddress(address: string): Reach {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return reachOfV4(ipaddr.IPv4.parse(address))
  if (!address.includes(':') || !ipaddr.IPv6.isValid(address)) return 'invalid'
  return reachOfV6(ipaddr.IPv6.parse(withoutDots(address)))
}

/** Where a host leads as far as can be told without asking anyone; `host` as the WHATWG parser writes it, IPv6 in brackets or not. */
export function reachOfHost(host: string): Reach {
  if (isAddress(host)) return reachOfAddress(unbracketed(host))
  const name = host.toLowerCase().replace(/\.$/, '')
  const labels = name.split('.')
  if (name.length > MAX_NAME || !labels.every((label) => LABEL.test(label))) return 'invalid'
  if (labels.at(-1) === 'localhost') return 'loopback'
  if (METADATA_NAMES.has(name)) return 'metadata'
  if (!isLocalName(name)) return 'public'
  return METADATA_LABELS.has(labels[0] ?? '') ? 'metadata' : 'local-name'
}

/** Whether a host is an address and not a name. */
export function isAddress(host: string): boolean {
  return host.includes(':') || (/^[0-9.]+$/.test(host) && ipaddr.IPv4.isValidFourPartDecimal(host))
}

/** Whether an operator may open it, host by host, for what runs in development or in an own network; nobody needs the others. */
export function mayBeOpened(reach: Reach): boolean {
  return OPENABLE.has(reach)
}
const OPENABLE: ReadonlySet<Reach> = new Set(['public', 'loopback', 'private', 'unique-local', 'carrier-grade-nat', 'local-name'])

/** A reach in words, to go after "leads to": `a loopback address`. */
export function describeReach(reach: Reach): string {
  return WORDS[reach]
}
const WORDS: Readonly<Record<Reach, string>> = {
  public: 'the internet',
  loopback: 'this machine itself',
  private: 'a private network',
  'unique-local': 'a private network',
  'carrier-grade-nat': "a provider's inner network",
  'local-name': 'a name of the local network',
  'link-local': 'a link-local address',
  metadata: 'a metadata service, which hands out credentials',
  'site-local': 'a site-local address',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
  unspecified: 'an unspecified address, which means this machine',
  benchmarking: 'a benchmarking address',
  documentation: 'an address that exists in documentation only',
  reserved: 'a reserved address',
  tunnel: 'an address that tunnels to another one',
  zoned: 'an address with a zone',
  invalid: 'nothing that is a host',
}

function reachOfV4(address: V4): Reach {
  if (METADATA_ADDRESSES.has(address.toString())) return 'metadata'
  const found = V4_RANGES.find(([range]) => address.match(range))
  return found?.[1] ?? V4_WORDS[address.range()] ?? 'reserved'
}

function reachOfV6(address: V6): Reach {
  if (address.zoneId !== undefined && address.zoneId !== '') return 'zoned'
  if (METADATA_ADDRESSES.has(address.toRFC5952String())) return 'metadata'
  if (address.match(MAPPED) || address.match(TRANSLATED)) return reachOfV4(lastV4(address))
  const found = V6_RANGES.find(([range]) => address.match(range))
  const reach = found?.[1] ?? V6_WORDS[address.range()] ?? 'reserved'
  if (reach !== 'public') return reach
  if (!address.match(GLOBAL_UNICAST)) return 'reserved'
  return isIsatap(address) ? 'tunnel' : 'public'
}

/** `::7f00:1` of `::127.0.0.1`, which ipaddr.js would otherwise read as the other address `::ffff:127.0.0.1`. */
function withoutDots(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)/, (_, ...parts: readonly string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
}

function cidrs<Range>(parse: (text: string) => Range, ranges: readonly (readonly [string, Reach])[]): readonly (readonly [Range, Reach])[] {
  return ranges.map(([text, reach]) => [parse(text), reach])
}

function lastV4(address: V6): V4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12))
}

/** An interface identifier of `[02]00:5efe` followed by an IPv4 address (RFC 5214). */
function isIsatap(address: V6): boolean {
  const [, , , , high = 0, low = 0] = address.parts
  return low === 0x5efe && (high & 0xfdff) === 0
}

function isLocalName(name: string): boolean {
  return !name.includes('.') || LOCAL_SUFFIXES.some((suffix) => name === suffix || name.endsWith(`.${suffix}`))
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}
