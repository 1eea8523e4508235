import { grammar, parseArguments, refused, type Judge } from './grammar.ts'
import { isPlainFile, systemName } from './words.ts'

const XARGS = grammar(
  'xargs',
  '0rtx E: I: L: P: a< d: n: s: e? i? l? --null --no-run-if-empty --verbose --exit --eof? --replace? --max-lines? --max-args: --max-procs: --max-chars: --arg-file< --delimiter:',
  { inOrder: true },
)
const REPLACES = new Set(['I', 'i', '--replace'])

/**
 * Judges `xargs`: what it adds to a command comes from its input and may look like any flag. So the command has to be one that no argument
 * whatever makes do more than read.
 */
export function judgeXargs(find: (program: string) => Judge | undefined): Judge {
  return (args) => {
    const parsed = parseArguments(XARGS, args)
    if (typeof parsed === 'string') return refused(`xargs ${parsed} is not known to only read`)
    const files = parsed.flags.flatMap(({ name, value }) => (XARGS.takes.get(name) === 'file' && value !== null ? [value.text] : []))
    const [program, ...given] = parsed.operands
    const name = program === undefined ? 'echo' : program.kind === 'static' ? systemName(program.text) : null
    const judge = name === null ? undefined : find(name)
    const isReplaced = parsed.flags.some(({ name: flag, value }) => REPLACES.has(flag) && program?.text.includes(value?.text ?? '{}'))
    if (judge?.isHarmless !== true || isReplaced) return refused('xargs starts a command that its arguments may turn to anything')
    if (args.some((word) => word.kind === 'glob' || word.kind === 'dynamic') || !files.every(isPlainFile))
      return refused('xargs gets what only the shell knows')
    const inner = judge(given)
    // The files it reads are named by its input, which nobody has seen.
    return { ...inner, reads: [...files, ...inner.reads], recursive: true }
  }
}
