import { crc32 } from 'node:zlib'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const DIGITS = 6

/**
 * Whether the last six characters are the CRC32 of those between the prefix (up to the `_`) and them, in base 62: the format of GitHub's and
 * npm's tokens (github.blog/2021-04-05-behind-githubs-new-authentication-token-formats, github.blog/2021-09-23-announcing-npms-new-access-token-format).
 */
export function hasCrc32Tail(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1)
  return checksumOf(body.slice(0, -DIGITS)) === body.slice(-DIGITS)
}

function checksumOf(body: string): string {
  let left = crc32(body)
  let digits = ''
  for (let done = 0; done < DIGITS; done += 1) {
    digits = (BASE62[left % 62] ?? '') + digits
    left = Math.floor(left / 62)
  }
  return digits
}
