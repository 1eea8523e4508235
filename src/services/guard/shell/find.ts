import { refused, type Judge } from './grammar.ts'
import type { ShellWord } from './words.ts'

const set = (text: string) => new Set(text.split(' '))
/** Tests, actions and options of find that read only, without a value and with one. `-exec`, `-ok`, `-delete`, `-fprint…` and `-fls` are not here. */
const ALONE = set(
  '-print -print0 -ls -prune -quit -true -false -depth -d -mount -xdev -follow -daystart -noleaf -warn -nowarn -empty -executable -readable -writable -nouser -nogroup -a -and -o -or -not -ignore_readdir_race -noignore_readdir_race -help --help -version --version',
)
const VALUED = set(
  '-name -iname -path -ipath -wholename -iwholename -regex -iregex -regextype -lname -ilname -type -xtype -size -perm -user -group -uid -gid -mtime -atime -ctime -mmin -amin -cmin -used -newer -anewer -cnewer -samefile -inum -links -fstype -context -maxdepth -mindepth -printf',
)
/** Every word that begins an option, a test or an action of find, those that are refused included. */
const OURS = [
  ...ALONE,
  ...VALUED,
  ...set('-exec -execdir -ok -okdir -delete -fprint -fprint0 -fprintf -fls -files0-from -H -L -P -D -O -O0 -O1 -O2 -O3 -show-control-chars'),
  ...[...'aBcm'].flatMap((left) => [...'aBcmt'].map((right) => `-newer${left}${right}`)),
]
const FILES = set('-newer -anewer -cnewer -samefile')
const NEWER = /^-newer[aBcm][aBcmt]$/
const SIGN = /^[!,()]$/

/** Judges `find`: it only prints names unless an action of it says otherwise. */
export const judgeFind: Judge = (args) => {
  const open = args.find((word) => word.kind === 'glob' && !cannotBeOurs(word))
  if (open !== undefined) return refused(`the names that ${open.text} stands for could be actions of find`)
  const reads: string[] = []
  let at = 0
  while (/^-(?:[HLP]|O\d?)$/.test(args[at]?.text ?? '') && args[at]?.kind === 'static') at += 1
  for (; at < args.length && !beginsExpression(args[at]); at += 1) reads.push(args[at]?.text ?? '')
  if (reads.length === 0) reads.push('.')
  for (; at < args.length; at += 1) {
    const word = args[at]
    const text = word?.text ?? ''
    if (word?.kind !== 'static') return refused(`find ${text} is not known to only read`)
    // A plain word here is one too many, which ends find before it does anything.
    if (SIGN.test(text) || ALONE.has(text) || /^\+?[A-Za-z0-9_]+$/.test(text)) continue
    if (!VALUED.has(text) && !NEWER.test(text)) return refused(`find ${text} is not known to only read`)
    at += 1
    const value = args[at]
    if (value === undefined) return refused(`find ${text} has no value`)
    if (FILES.has(text) || (NEWER.test(text) && !text.endsWith('t'))) reads.push(value.text)
  }
  return { reasons: [], reads, writes: [], recursive: false }
}

function beginsExpression(word: ShellWord | undefined): boolean {
  return word?.kind === 'static' && (SIGN.test(word.text) || (word.text.startsWith('-') && word.text !== '-'))
}

/**
 * Whether none of the names that a pattern stands for is a word of find's own: a name too many in an expression then ends find before it
 * does anything. Either they begin plainly, or they have a character that no flag of find has, or no flag of find is such a name.
 */
function cannotBeOurs(word: ShellWord): boolean {
  if (word.isNoFlag) return true
  // More than a few stars would only cost time.
  if (/[{[]/.test(word.text) || word.text.split('*').length > 5) return false
  return /[./_~:@+=#%]/.test(word.text) || (/[a-zA-Z]{3}/.test(word.text) && !OURS.some((own) => matches(word.text, own)))
}

/** Whether a name matches a pattern of `*` and `?`. */
function matches(pattern: string, name: string): boolean {
  const source = [...pattern].map((sign) => (sign === '*' ? '.*' : sign === '?' ? '.' : sign.replace(/[^A-Za-z0-9]/, '\\$&'))).join('')
  return new RegExp(`^${source}$`).test(name)
}
