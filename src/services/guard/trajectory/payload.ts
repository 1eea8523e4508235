import { wordsOf } from './fold.ts'

const PAYLOAD = new Set(
  (
    'title subject description desc body content contents text message note notes comment comments summary caption memo reason details topic ' +
    'location place'
  ).split(' '),
)

/** Whether an argument is called as tools all over call what a message or a record says: that does not decide where an effect goes. */
export function isPayload(path: string): boolean {
  const spaced = path.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replaceAll('_', ' ')
  const words = wordsOf(spaced.toLowerCase()).filter((word) => !/^\d+$/.test(word))
  return PAYLOAD.has(words.at(-1) ?? '')
}
