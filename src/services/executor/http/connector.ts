import { lookup as resolveName } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import type { buildConnector } from 'undici'
import { ControllerError } from '../../../errors.ts'
import { describeReach, mayBeOpened, reachOfAddress, reachOfHost, type Reach } from '../../../input/address.ts'
import { hostKey } from '../../../input/web-url.ts'

export interface Address {
  readonly address: string
  readonly family: number
}

/** Finds the addresses of a host name; the system's resolver unless another one is given. */
export type Lookup = (name: string) => Promise<readonly Address[]>

export interface DialOptions {
  readonly lookup: Lookup
  /** `host:port` that may be on this machine or a private network. */
  readonly privateHosts: ReadonlySet<string>
  /** Certificate authorities to trust instead of Node's, in PEM. */
  readonly ca?: readonly string[]
  /** Aborted: the socket is destroyed, also while it connects. */
  readonly signal: AbortSignal
  /** Most bytes that are read from the socket. */
  readonly maxBytes: number
  /** Told when a connection stands, before anything is sent over it. */
  readonly onConnected?: () => void
}

/** How long, in ms, a connection may take to stand: undici's default. */
const CONNECT_MS = 10_000

/** The system's resolver, with the addresses in its order. */
export const systemLookup: Lookup = (name) => resolveName(name, { all: true, verbatim: true })

/**
 * Connects to nothing but public addresses and listed private hosts, whatever a name resolves to, and whenever it does: the addresses that were
 * checked are the ones that are dialled, since the socket asks this lookup and no other; literals, for which sockets ask no lookup, are checked
 * before; and the far end is checked again on the socket that stands. No proxy, no session kept, certificates always verified.
 */
export function createConnector(build: typeof buildConnector, options: DialOptions): buildConnector.connector {
  const { signal, ca, maxBytes } = options
  return (target, callback) => {
    const port = target.port || (target.protocol === 'https:' ? '443' : '80')
    const host = target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname
    const isListed = options.privateHosts.has(hostKey({ host, port }))
    const refusal = refuse(host, reachOfHost(host), isListed)
    if (refusal !== null) return callback(refusal, null)

    const dial = build({
      lookup: checkedLookup(options.lookup, host, isListed),
      signal,
      timeout: CONNECT_MS,
      maxCachedSessions: 0,
      keepAlive: false,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca: [...ca] }),
    })
    dial(target, (...[error, socket]) => {
      if (error !== null) return callback(error, null)
      const wrong = refuseFarEnd(host, socket.remoteAddress, isListed)
      if (wrong !== null) {
        socket.destroy()
        return callback(wrong, null)
      }
      socket.on('readable', () => {
        if (socket.bytesRead > maxBytes) socket.destroy(flooded(host, maxBytes))
      })
      options.onConnected?.()
      callback(null, socket)
    })
  }
}

function checkedLookup(lookup: Lookup, host: string, isListed: boolean): LookupFunction {
  const answer = async (...[name, { all }, callback]: Parameters<LookupFunction>): Promise<void> => {
    const found = await resolve(lookup, name, host, isListed).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
    if (found instanceof Error) callback(found, [])
    else if (all === true) callback(null, [...found])
    else callback(null, found[0].address, found[0].family)
  }
  return (...asked) => void answer(...asked)
}

/** One address that is not allowed spoils them all: a name that leads to the internet and to this machine is a trap. */
async function resolve(lookup: Lookup, name: string, host: string, isListed: boolean): Promise<readonly [Address, ...Address[]]> {
  const [first, ...others] = await lookup(name)
  if (first === undefined) throw new ControllerError('ACTION_FAILED', `${host} has no address.`, { hint: 'Check the name of the host.' })
  for (const { address } of [first, ...others]) {
    const refusal = refuse(`${host} (${address})`, reachOfAddress(address), isListed)
    if (refusal !== null) throw refusal
  }
  return [first, ...others]
}

/** A socket that was closed at once has no far end any more. */
function refuseFarEnd(host: string, address: string | undefined, isListed: boolean): ControllerError | null {
  if (address === undefined) return new ControllerError('ACTION_TRANSIENT', `${host} broke the connection off.`)
  return refuse(`${host} (${address})`, reachOfAddress(address), isListed)
}

function refuse(what: string, reach: Reach, isListed: boolean): ControllerError | null {
  if (reach === 'public' || (isListed && mayBeOpened(reach))) return null
  return new ControllerError('GUARD_DENIED', `${what} leads to ${describeReach(reach)}, and nothing was sent.`, {
    hint: mayBeOpened(reach) ? 'List its host and port in egress.private_hosts of the configuration, if it is meant.' : 'Use a host on the internet.',
  })
}

function flooded(host: string, maxBytes: number): ControllerError {
  return new ControllerError('RESOURCE_LIMIT', `${host} sent more than ${maxBytes} bytes for an answer that is shorter.`, {
    hint: 'Ask for less, or raise `maxBytes`.',
  })
}
