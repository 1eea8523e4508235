/** Words that carry no subject, by stem. */
const FILLERS = new Set(
  'a an and are as at be but by can could do for from has have i in into is it its let me my of on or our please so some that the their them then there these they this those to us want we what which will with would you your'.split(
    ' ',
  ),
)

/** Words that turn a goal into something else than its other words say. */
const NEGATIONS = new Set(['not', 'no', 'never', 'don', 'dont', 'without', 'except', 'avoid', 'instead', 'nothing', 'stop', 'cannot'])

/** Words, by stem, that mean the same in a goal: above all the folder that it is about. */
const SAME = new Map([
  ...['repo', 'repository', 'codebas', 'project', 'workspac'].map((stem) => [stem, 'workspace'] as const),
  ...['doc', 'document', 'documentat'].map((stem) => [stem, 'documentation'] as const),
  ...['dep', 'dependency'].map((stem) => [stem, 'dependency'] as const),
])

/** Scripts written without spaces: their words are compared by pairs of characters. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

/** The stems of the words that a text is about: each once, in order; at most 500. */
export function stemsOf(text: string): readonly string[] {
  return [
    ...new Set(
      wordsOf(text)
        .filter((word) => !FILLERS.has(word))
        .flatMap(unitsOf),
    ),
  ].slice(0, 500)
}

/** Whether a text says that something is not to be done. */
export function negates(text: string): boolean {
  return wordsOf(text).some((word) => NEGATIONS.has(word))
}

function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll(/['’]s\b/g, '')
      .replaceAll(/\bcode[ -]base/g, 'codebase')
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  )
}

function unitsOf(word: string): readonly string[] {
  if (!UNSPACED.test(word)) return [SAME.get(stemOf(word)) ?? stemOf(word)]
  const characters = [...word]
  return characters.length === 1 ? [word] : characters.slice(1).map((character, at) => `${characters[at] ?? ''}${character}`)
}

/**
 * English inflections taken off, so that analyze, analyses, analysing and analyzed are one word; British and American spelling alike.
 * Words of other scripts, and short ones, stay as they are.
 */
function stemOf(word: string): string {
  if (!/^[a-z]{4,40}$/.test(word)) return word
  const yze = /^(.+l)y[sz](?:is|e|es|er|ers|ed|ing)$/.exec(word)
  if (yze !== null) return `${yze[1] ?? ''}yz`
  const bare = word
    .replace(/ies$/, 'y')
    .replace(/(ss|sh|ch|x)es$/, '$1')
    .replace(/([^su])s$/, '$1')
    .replace(/(?<=.{4})ments?$|(?<=.{3}[st])ions?$/, '')
    .replace(/(?<=[aeiouy].*)(?:ing|ed)$/, '')
  const undoubled = bare !== word ? bare.replace(/([bdgmnprt])\1$/, '$1') : bare
  return undoubled.replace(/i[sz]e?$/, 'iz').replace(/e$/, '')
}
