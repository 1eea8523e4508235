/** Letters that look like Latin ones, each before the one it looks like: those that addresses are forged with (Unicode TR39, confusables.txt). */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  ('аa ԁd еe һh іi јj кk ӏl мm оo рp ԛq ѕs сc тt ѵv ԝw хx уy гr пn ' + 'αa βb εe ιi κk νv οo ρp τt υu χx γy ' + 'ıi ɑa ɡg օo ոn սu հh ցg ɩi ℓl')
    .split(' ')
    .map((pair) => {
      const [letter = '', latin = ''] = pair
      return [letter, latin]
    }),
)
const LOOK_ALIKE = new RegExp(`[${[...LOOK_ALIKES.keys()].join('')}]`, 'gu')
const INVISIBLE = /[\p{Cf}\p{Variation_Selector}\u{115f}\u{1160}\u{3164}]/gu
/** Other scripts, and emoji, need joiners. */
const HIDDEN_INSIDE =
  /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}@.:/_-]\p{Cf}+[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}@.:/_-]/u
const WORD = /[\p{L}\p{N}]+/gu

/** A text as a careful reader compares it: compatibility forms and case folded, spaces alike. What is meant as it stands keeps its punctuation. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim()
}

/** A text as an attacker would like it not to be compared: also without accents, invisible characters and letters that only look Latin. */
export function foldHard(text: string): string {
  const folded = text.normalize('NFKD').replace(INVISIBLE, '').replace(/\p{M}/gu, '').toLowerCase()
  return folded.replace(LOOK_ALIKE, (letter) => LOOK_ALIKES.get(letter) ?? letter)
}

/** The words and numbers of a folded text, in order. */
export function wordsOf(folded: string): readonly string[] {
  return folded.match(WORD) ?? []
}

/** Only letters and digits, folded hard: what is left of a value when it was split, spaced, punctuated or recased. */
export function squeeze(text: string): string {
  return wordsOf(foldHard(text)).join('')
}

/** Whether a value hides what it is: invisible characters inside a word or an address, or Latin letters among Cyrillic or Greek ones in one word. */
export function isForged(text: string): boolean {
  return (
    HIDDEN_INSIDE.test(text) || wordsOf(text).some((word) => /\p{Script=Latin}/u.test(word) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(word))
  )
}
