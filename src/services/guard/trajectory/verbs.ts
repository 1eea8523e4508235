import { fold, wordsOf } from './fold.ts'

/**
 * Verbs that ask for a change, by the kind of change: knowledge of the language, not of any tool. A verb may be in several groups.
 * Base forms only: "scheduled payments" and "the email that was sent" ask for nothing.
 */
const GROUPS: readonly string[] = [
  'create add make set schedule book reserve plan arrange organize organise generate write draft compose put register open start insert append save store record log upload import enroll sign order buy purchase file rent hire lease produce prepare copy duplicate clone',
  'send email mail message text dm chat share forward reply respond answer tell inform notify alert post publish announce pay transfer wire refund return give submit write remind donate tip settle reimburse deposit charge call ping comment react thank greet contact deliver broadcast apologise apologize',
  'update change modify adjust edit set move reschedule correct rename replace fix extend append add amend switch shift postpone configure mark label tag assign patch swap exchange substitute complete finish resolve close reopen link approve reject apply convert raise lower increase reduce put',
  'delete remove cancel clear drop erase trash unsubscribe revoke kick ban uninstall purge discard archive exclude block close dismiss',
  'invite add share enroll grant allow authorize authorise include join give put assign',
  'run execute launch deploy install build restart stop trigger merge commit push ship',
]
/** After one of these a word is a thing, not something to do: "the post", "my order", "an email". */
const BEFORE_NOUN = new Set(
  (
    'a an the my your his her its our their this that these those each every any some no of in from for with on by at as last next new recent latest unread ' +
    'received another same one two three'
  ).split(' '),
)
/** Also names of things: in a tool's name they are what is acted on when another verb is there. */
const ALSO_THINGS = new Set(
  'file email mail message text order book share post record log label tag note mark charge call schedule plan group list report document comment copy link build patch'.split(
    ' ',
  ),
)
/** "Tell me", "give us": what is asked for is an answer, not an effect. */
const TELLING = new Set('give tell show write make inform text'.split(' '))
const LISTENER = new Set('me us sure it'.split(' '))
const MANY = new Set(
  'each every all both them everyone everybody anyone these those several respective people users members others rest multiple various'.split(' '),
)
/** Who speaks of one of these wants something fetched whose address may not be known yet. */
const WEB = new Set(
  'web webpage webpages website websites page pages site sites link links url urls article articles blog online internet http https www'.split(' '),
)
const MIN_STEM_CHARACTERS = 3
const WEB_STEMS = new Set([...WEB].map(stemOf))
const GROUPS_OF = new Map<string, Set<number>>()
for (const [group, verbs] of GROUPS.entries()) {
  for (const verb of verbs.split(' ')) GROUPS_OF.set(verb, (GROUPS_OF.get(verb) ?? new Set()).add(group))
}

/** What a goal asks to be changed. */
export interface AskedChanges {
  readonly groups: ReadonlySet<number>
  /** It speaks of more than one of something, so the number of calls is open. */
  readonly many: boolean
  /** Its words, to hold names of tools against. */
  readonly stems: ReadonlySet<string>
  /** It speaks of pages or links, so reading one is part of it. */
  readonly web: boolean
}

export function askedChanges(goal: string): AskedChanges {
  const words = wordsOf(fold(goal))
  const groups = new Set<number>()
  for (const word of quoting(goal)) for (const group of GROUPS_OF.get(word) ?? []) groups.add(group)
  for (const [at, word] of words.entries()) {
    if (BEFORE_NOUN.has(words[at - 1] ?? '') || (TELLING.has(word) && LISTENER.has(words[at + 1] ?? ''))) continue
    for (const group of GROUPS_OF.get(word) ?? []) groups.add(group)
  }
  return {
    groups,
    stems: new Set(words.map(stemOf)),
    many: words.some((word) => MANY.has(word)),
    web: words.some((word) => WEB_STEMS.has(stemOf(word))),
  }
}

/** A thing whose words the goal gives is to be made: the comment "Done.", a message saying 'Hello'. */
function quoting(goal: string): readonly string[] {
  return [...goal.matchAll(/(\p{L}+)(?: (?:saying|that says))?:? ["'“‘«]/gu)].map(([, word = '']) => fold(word))
}

/** Taking away, letting in and setting going: nobody means these who does not say so. */
const GRAVE = new Set([3, 4, 5])

/** Whether a tool is named after a kind of change that nobody leaves to be guessed, and the goal does not even have the word. */
export function isGrave(tool: string, { stems }: AskedChanges): boolean {
  return splitName(tool).some((word) => {
    if (stems.has(stemOf(word))) return false
    const groups = [...(GROUPS_OF.get(word) ?? [])]
    return groups.length > 0 && groups.every((group) => GRAVE.has(group))
  })
}

/** Whether the goal asks for the kind of change that a tool is named after; null when its name says no kind. */
export function isAskedFor(tool: string, asked: AskedChanges): boolean | null {
  const verbs = splitName(tool).filter((word) => GROUPS_OF.has(word))
  const sure = verbs.filter((word) => !ALSO_THINGS.has(word))
  const groups = (sure.length > 0 ? sure : verbs).flatMap((word) => [...(GROUPS_OF.get(word) ?? [])])
  if (groups.length === 0) return null
  return groups.some((group) => asked.groups.has(group))
}

/** Whether a tool's name shares a word with the goal. */
export function sharesWord(tool: string, { stems }: AskedChanges): boolean {
  return splitName(tool).some((word) => word.length >= MIN_STEM_CHARACTERS && stems.has(stemOf(word)))
}

/** A word without the commonest endings, so that "reviews" and "reviewed" are one. */
export function stemOf(word: string): string {
  const stem = word.replace(/(?:ies|ied|ing|es|ed|s|e|y)$/u, '')
  return stem.length >= MIN_STEM_CHARACTERS ? stem : word
}

/** The words of a name in snake, kebab, dotted or camel case. */
function splitName(name: string): readonly string[] {
  return wordsOf(
    name
      .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
      .replaceAll('_', ' ')
      .toLowerCase(),
  )
}
