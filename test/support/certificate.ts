import { generateKeyPairSync, sign } from 'node:crypto'

/** A key and a certificate that it signed itself, in PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OBJECT = 0x06
const UTF8_STRING = 0x0c
const GENERALIZED_TIME = 0x18
const ECDSA_SHA256 = '2a8648ce3d040302'
const COMMON_NAME = '550403'
const ALTERNATIVE_NAME = '551d11'

/** Makes a certificate for host names (X.509 in DER, by hand: Node can read certificates and make none). */
export function makeCertificate(...names: readonly [string, ...string[]]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(SEQUENCE, oid(ECDSA_SHA256))
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, oid(COMMON_NAME), der(UTF8_STRING, Buffer.from(names[0])))))
  const validity = der(SEQUENCE, ...['20200101000000Z', '21200101000000Z'].map((time) => der(GENERALIZED_TIME, Buffer.from(time))))
  const alternatives = der(SEQUENCE, ...names.map((dns) => der(0x82, Buffer.from(dns))))
  const extensions = der(0xa3, der(SEQUENCE, der(SEQUENCE, oid(ALTERNATIVE_NAME), der(OCTET_STRING, alternatives))))
  const content = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.from([1])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  const signature = der(BIT_STRING, Buffer.concat([Buffer.from([0]), sign('sha256', content, privateKey)]))
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: pem('CERTIFICATE', der(SEQUENCE, content, algorithm, signature)),
  }
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length = content.byteLength
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}

function oid(hex: string): Buffer {
  return der(OBJECT, Buffer.from(hex, 'hex'))
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
