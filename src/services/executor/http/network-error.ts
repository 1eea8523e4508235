import { ControllerError } from '../../../errors.ts'
import { systemCode } from '../system-error.ts'

/** What passes by itself: the far end was busy, restarted or out of reach. */
const TRANSIENT: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'could not be looked up',
  ECONNREFUSED: 'does not take connections on this port',
  ECONNRESET: 'broke the connection off',
  ECONNABORTED: 'broke the connection off',
  EPIPE: 'broke the connection off',
  ETIMEDOUT: 'did not answer in time',
  EHOSTUNREACH: 'is out of reach',
  ENETUNREACH: 'is out of reach',
  ENETDOWN: 'is out of reach',
  UND_ERR_CONNECT_TIMEOUT: 'did not take the connection in time',
  UND_ERR_SOCKET: 'broke the connection off',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'sent another length of body than it had said',
}
const LASTING: Readonly<Record<string, readonly [says: string, hint: string]>> = {
  ENOTFOUND: ['has no address', 'Check the name of the host.'],
  UND_ERR_HEADERS_OVERFLOW: ['sent more header lines than are read', 'Fetch it from another place.'],
  UND_ERR_INVALID_ARG: ['cannot be asked this', 'Check the headers and the URL.'],
}
const CERTIFICATE = /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/

/** What went wrong between here and `host`, as an error of the table: ACTION_TRANSIENT where trying again may help, otherwise ACTION_FAILED. */
export function fromNetworkError(error: unknown, host: string): ControllerError {
  const told = knownIn(error)
  if (told !== null) return told
  const code = codeOf(error) ?? ''
  const make = (failure: 'ACTION_FAILED' | 'ACTION_TRANSIENT', says: string, hint?: string) =>
    new ControllerError(failure, `${host} ${says}${code === '' ? '' : ` (${code})`}.`, { cause: error, ...(hint === undefined ? {} : { hint }) })
  const passing = TRANSIENT[code]
  if (passing !== undefined) return make('ACTION_TRANSIENT', passing)
  const lasting = LASTING[code]
  if (lasting !== undefined) return make('ACTION_FAILED', ...lasting)
  if (CERTIFICATE.test(code)) return make('ACTION_FAILED', 'could not prove who it is', 'Check its certificate; it is never fetched unverified.')
  // The parser of undici gives no code to what its WebAssembly reports without one.
  if (code.startsWith('HPE_') || (error instanceof Error && error.name === 'HTTPParserError'))
    return make('ACTION_FAILED', 'sent what is not HTTP', 'Check the URL and its port.')
  if (code.startsWith('Z_') || code.startsWith('ERR_') || code.startsWith('BROTLI'))
    return make('ACTION_FAILED', 'sent a body that cannot be decoded')
  return make('ACTION_FAILED', `could not be fetched: ${error instanceof Error ? error.message : String(error)}`)
}

/** An error of ours that streams and sockets carried along. */
function knownIn(error: unknown): ControllerError | null {
  if (error instanceof ControllerError) return error
  return error instanceof Error && error.cause instanceof ControllerError ? error.cause : null
}

/** Of several attempts at several addresses, the first one's. */
function codeOf(error: unknown): string | null {
  return systemCode(error) ?? (error instanceof AggregateError ? systemCode(error.errors[0]) : null)
}
