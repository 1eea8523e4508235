/** An SPDX licence expression. */
export type Licence =
  | { readonly kind: 'licence'; readonly id: string; readonly exception: string | null }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Licence[] }

const MAX_LENGTH = 1_000
const TOKEN = /[()]|[A-Za-z0-9.:-]+\+?/g
/** Those that ask for derived works to be passed on under the same licence, as a whole. */
const COPYLEFT = /^(?:A?GPL|SSPL|OSL|EUPL|CPAL|RPL|Sleepycat)(?:-|$)/
const PERMISSIVE = /^(?:MIT|MIT-0|ISC|0BSD|BSD-[1234]-Clause.*|Apache-[\d.]+|BlueOak-[\d.]+|Unlicense|CC0-1\.0|Zlib|WTFPL|Python-2\.0|BSL-1\.0)$/

/** Parses an expression by the grammar of SPDX 2.3, annex D; null for anything else. The names of licences are not looked up. */
export function parseLicence(text: string): Licence | null {
  if (text.length > MAX_LENGTH || text.replace(TOKEN, '').trim() !== '') return null
  const tokens = text.match(TOKEN) ?? []
  let at = 0
  const either = (kind: 'or' | 'and', word: string, part: () => Licence | null): Licence | null => {
    const of: Licence[] = []
    do {
      const found = part()
      if (found === null) return null
      of.push(found)
    } while (tokens[at] === word && ++at)
    return of.length === 1 ? (of[0] ?? null) : { kind, of }
  }
  const or = (): Licence | null => either('or', 'OR', () => either('and', 'AND', one))
  const one = (): Licence | null => {
    const token = tokens[at++]
    if (token === '(') {
      const inner = or()
      return tokens[at++] === ')' ? inner : null
    }
    if (token === undefined || !isName(token)) return null
    if (tokens[at] !== 'WITH') return { kind: 'licence', id: token, exception: null }
    at += 1
    const exception = tokens[at++]
    return exception !== undefined && isName(exception) ? { kind: 'licence', id: token, exception } : null
  }
  const parsed = or()
  return at === tokens.length ? parsed : null
}

/** Whether every way to use it is under a copyleft licence. Those with an exception do not count: what it allows is not known here. */
export function isCopyleft(licence: Licence): boolean {
  if (licence.kind === 'licence') return licence.exception === null && COPYLEFT.test(licence.id)
  return licence.kind === 'or' ? licence.of.every(isCopyleft) : licence.of.some(isCopyleft)
}

/** Whether everything in it may be used under a permissive licence. */
export function isPermissive(licence: Licence): boolean {
  if (licence.kind === 'licence') return PERMISSIVE.test(licence.id)
  return licence.kind === 'or' ? licence.of.some(isPermissive) : licence.of.every(isPermissive)
}

/** `UNLICENSED` is npm's word for "none is granted", and no name of a licence. */
function isName(token: string): boolean {
  return !/^(?:[()]|AND|OR|WITH|UNLICENSED)$/.test(token) && /^(?:DocumentRef-[\w.-]+:)?[A-Za-z0-9][\w.-]*\+?$/.test(token)
}
