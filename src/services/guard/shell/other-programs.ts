import { refused, type Judge, type Judgement } from './grammar.ts'
import type { ShellWord } from './words.ts'

const QUIET: Judgement = { reasons: [], reads: [], writes: [], recursive: false }

/** `-v` and `-R` are not here: bash runs the substitutions in the subscript of the variable they name. */
const FILE_TEST = /^-[bcdefgGhkLNOprsSuwx]$/
const TEXT_TEST = /^(?:-[nz]|=|==|!=|-eq|-ne|-lt|-le|-gt|-ge|<|>|!|\(|\)|-a|-o)$/
const FILE_COMPARISON = /^-(?:nt|ot|ef)$/

/** Judges `test` and `[`. */
export const judgeTest: Judge = (args) => {
  const reads: string[] = []
  for (const [at, word] of args.entries()) {
    if (word.kind === 'glob') return refused('a pattern in a test may become anything')
    if (FILE_TEST.test(word.text)) reads.push(args[at + 1]?.text ?? '')
    else if (FILE_COMPARISON.test(word.text)) reads.push(args[at - 1]?.text ?? '', args[at + 1]?.text ?? '')
    else if (word.text.startsWith('-') && !TEXT_TEST.test(word.text) && !/^-\d+$/.test(word.text))
      return refused(`test ${word.text} is not known to only read`)
  }
  return { ...QUIET, reads: reads.filter((path) => path !== '') }
}

/** `command -v` says which program a name means; without it, the program is started. */
export const judgeCommand: Judge = (args) => {
  const [flag, ...names] = args
  const asks = flag?.kind === 'static' && (flag.text === '-v' || flag.text === '-V') && names.every(isName)
  return asks ? QUIET : refused('command starts another program')
}

/**
 * What of git reads nothing but the place and the settings of a repository. Everything that opens objects or the index can start what
 * `.git/config` names: `core.fsmonitor`, `gpg.program` by `log.showSignature`, text conversions, and `core.sshCommand` for an object that a
 * partial clone lacks. The capabilities of git switch these off; a shell does not.
 */
const GIT: readonly RegExp[] = [
  /^(?:--version|version|--help)$/,
  /^rev-parse(?: --(?:show-toplevel|show-prefix|show-cdup|git-dir|absolute-git-dir|git-common-dir|is-inside-work-tree|is-inside-git-dir|is-bare-repository))+$/,
  /^branch --show-current$/,
  /^remote(?: -v| --verbose)?$/,
  /^config (?:--local )?(?:--list|-l|--get [A-Za-z][A-Za-z0-9.-]*)$/,
]

/** Judges `git`. */
export const judgeGit: Judge = (args) => {
  const line = args.map((word) => word.text).join(' ')
  const isPlain = args.every((word) => word.kind === 'static' && !/\s/.test(word.text))
  return isPlain && GIT.some((form) => form.test(line)) ? QUIET : refused('git can start what the settings of the repository name')
}

/** A program that is only asked which one it is. */
export const judgeVersion: Judge = (args) => {
  const asks = args.length === 1 && args[0]?.kind === 'static' && args[0].text === '--version'
  return asks ? QUIET : refused('an interpreter runs programs')
}

/** `ifconfig` shows one interface or all; a second word changes one. */
export const judgeIfconfig: Judge = (args) =>
  args.length <= 1 && args.every((word) => word.kind === 'static' && /^(?:-a|-s|[a-z][a-z0-9.:@-]*)$/.test(word.text))
    ? QUIET
    : refused('ifconfig changes the network')

/** `read` into a variable of the script's own: all that the shell or a program heeds are in capitals, but for `histchars`. */
export const judgeRead: Judge = (args) => {
  const line = args.map((word) => (/^[-A-Za-z0-9_]+$/.test(word.text) ? word.text : '.')).join(' ')
  const isPlain =
    args.every((word) => word.kind === 'static') &&
    /^(?:(?:-[rs]*|-[rs]*[pd] \S+|-[rs]*[nNt] \d+)(?: |$))*(?:(?!histchars)[a-z][A-Za-z0-9_]*(?: |$))*$/.test(line)
  return isPlain ? QUIET : refused('read sets a variable')
}

/** `getent` on files of the system; hosts would be asked of the network. */
export const judgeGetent: Judge = (args) =>
  args.every((word) => word.kind === 'static') && /^(?:passwd|group|services|protocols)$/.test(args[0]?.text ?? '') && args.length <= 2
    ? QUIET
    : refused('getent may ask the network')

/** `set` for a script that is to end at its first failure. */
export const judgeSet: Judge = (args) => {
  const line = args.map((word) => word.text).join(' ')
  return /^(?:|[-+][efux]+|[-+][eux]*o (?:pipefail|errexit|nounset|noglob))(?: [-+]o pipefail)?$/.test(line)
    ? QUIET
    : refused('set changes the shell')
}

/** `cd` to one folder that is known. */
export const judgeCd: Judge = (args) => {
  const [folder, ...more] = args[0]?.text === '--' ? args.slice(1) : args
  const isKnown = folder !== undefined && more.length === 0 && isStill(folder) && !folder.text.startsWith('-')
  return isKnown ? { ...QUIET, reads: [folder.text] } : refused('cd goes to a folder that is not known')
}

function isName(word: ShellWord): boolean {
  return word.kind === 'static' && !word.text.startsWith('-')
}

function isStill(word: ShellWord): boolean {
  return word.kind === 'static' || (word.kind === 'path' && /^~(?:\/|$)/.test(word.text))
}

/** Any beginning of a word counts for `ip`, so `ip addr f x` flushes: what is to be shown is only taken behind `show`. */
const IP =
  /^(?:-(?:[46dhosj]|br|brief|details|json|stats|oneline) )*(?:a|addr|address|l|link|r|route|n|neigh)(?: (?:show|list|ls)(?: (?:dev )?[a-z][a-z0-9]{0,14})?)?$/

/** `ip addr show` and the like. */
export const judgeIp: Judge = (args) => {
  const line = args.map((word) => word.text).join(' ')
  const shows = args.every((word) => word.kind === 'static') && IP.test(line)
  return shows ? QUIET : refused('ip changes the network')
}
