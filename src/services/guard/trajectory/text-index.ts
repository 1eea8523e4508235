import { foldHard, wordsOf } from './fold.ts'

/** A place where a text holds a value. */
export interface TextHit {
  readonly text: number
  /** The value begins and ends where words do; otherwise it is a piece of a longer word. */
  readonly whole: boolean
}

/** Finds where a value occurs in what was read, whatever its case, spacing, punctuation or look-alike letters. */
export interface TextIndex {
  /** Adds a text and returns its number; null when the index is full, and then nothing of it is found. Part of a text may fit: `complete` says. */
  add(text: string): { readonly text: number; readonly complete: boolean } | null
  /** Texts that hold the squeezed value, at most 8 places. */
  find(squeezed: string): readonly TextHit[]
  /** How many characters of the value, from `from` on, stand together in some text; 0 when fewer than seven do. */
  longestPrefix(squeezed: string, from: number): number
}

/** Pieces of four characters, one every four: any value of seven or more contains one whole. */
const GRAM = 4
const MIN_GRAM_QUERY = 2 * GRAM - 1
const MAX_HITS = 8
/** More than any text has characters; with two million texts still an exact number. */
const TEXT_UNIT = 2 ** 32
/**
 * The rarest piece of a value is followed, to its latest places. A value all of whose pieces are more frequent counts as found, lest somebody
 * hide one in a flood of its pieces.
 */
const MAX_FOLLOWED = 2_000
const MAX_TEXTS_A_WORD = 8
const MAX_WORDS = 200_000

/** An index of at most `maxCharacters` letters and digits in all; some 40 bytes of memory for each. */
export function createTextIndex(maxCharacters: number): TextIndex {
  const texts: { readonly squeezed: string; readonly edges: Uint8Array }[] = []
  const words = new Map<string, number[]>()
  const grams = new Map<string, number[]>()
  let used = 0

  const noteWords = (list: readonly string[], text: number): boolean => {
    let complete = true
    for (const word of new Set(list)) {
      const known = words.get(word)
      if (known === undefined && words.size >= MAX_WORDS) complete = false
      else if (known === undefined) words.set(word, [text])
      else if (known.length < MAX_TEXTS_A_WORD) known.push(text)
    }
    return complete
  }

  const noteGrams = (squeezed: string, text: number): void => {
    for (let at = 0; at + GRAM <= squeezed.length; at += GRAM) {
      const gram = squeezed.slice(at, at + GRAM)
      const known = grams.get(gram)
      if (known === undefined) grams.set(gram, [placeOf(text, at)])
      else known.push(placeOf(text, at))
    }
  }

  /** For each of the four ways a value can lie on the pieces, its rarest piece is followed to every place where it occurs. */
  const candidates = function* (query: string): Generator<{ readonly text: number; readonly at: number }> {
    for (let phase = 0; phase < GRAM; phase += 1) {
      let rarest: { readonly list: readonly number[]; readonly offset: number } | null = null
      for (let offset = phase; offset + GRAM <= query.length; offset += GRAM) {
        const list = grams.get(query.slice(offset, offset + GRAM)) ?? []
        if (rarest === null || list.length < rarest.list.length) rarest = { list, offset }
      }
      for (const place of rarest?.list.slice(-MAX_FOLLOWED) ?? []) {
        if (rarest !== null) yield { text: textOf(place), at: (place % TEXT_UNIT) - rarest.offset }
      }
    }
  }

  const flooded = (query: string): readonly TextHit[] => {
    for (let phase = 0; phase < GRAM; phase += 1) {
      const lists = piecesOf(query, phase).map((piece) => grams.get(piece) ?? [])
      const last = lists.every((list) => list.length > MAX_FOLLOWED) ? lists[0]?.at(-1) : undefined
      if (last !== undefined) return [{ text: textOf(last), whole: false }]
    }
    return []
  }

  const findLong = (query: string): readonly TextHit[] => {
    const hits: TextHit[] = []
    for (const { text, at } of candidates(query)) {
      const held = texts[text]
      if (held === undefined || at < 0 || !held.squeezed.startsWith(query, at)) continue
      const whole = held.edges[at] === 1 && (at + query.length === held.squeezed.length || held.edges[at + query.length] === 1)
      const known = hits.findIndex((hit) => hit.text === text)
      if (known < 0) hits.push({ text, whole })
      else if (whole) hits[known] = { text, whole }
      if (hits.length >= MAX_HITS) break
    }
    return hits.length === 0 ? flooded(query) : hits
  }

  return {
    add: (given) => {
      const room = maxCharacters - used
      if (room <= 0) return null
      const list = wordsOf(foldHard(given.slice(0, room)))
      const squeezed = list.join('')
      const edges = new Uint8Array(squeezed.length)
      let at = 0
      for (const word of list) {
        edges[at] = 1
        at += word.length
      }
      const text = texts.push({ squeezed, edges }) - 1
      used += Math.max(1, squeezed.length)
      noteGrams(squeezed, text)
      return { text, complete: noteWords(list, text) && given.length <= room }
    },
    find: (query) => {
      if (query === '') return []
      if (query.length >= MIN_GRAM_QUERY) return findLong(query)
      return (words.get(query) ?? []).map((text) => ({ text, whole: true }))
    },
    longestPrefix: (query, from) => {
      let shortest = from + MIN_GRAM_QUERY
      let longest = query.length
      if (shortest > longest || findLong(query.slice(from, shortest)).length === 0) return 0
      while (shortest < longest) {
        const middle = Math.ceil((shortest + longest) / 2)
        if (findLong(query.slice(from, middle)).length > 0) shortest = middle
        else longest = middle - 1
      }
      return shortest - from
    },
  }
}

/** A text's number and a place in it as one number, since an index holds hundreds of thousands of them. */
function placeOf(text: number, at: number): number {
  return text * TEXT_UNIT + at
}

function textOf(place: number): number {
  return Math.floor(place / TEXT_UNIT)
}

function piecesOf(query: string, phase: number): readonly string[] {
  const pieces: string[] = []
  for (let at = phase; at + GRAM <= query.length; at += GRAM) pieces.push(query.slice(at, at + GRAM))
  return pieces
}
