import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commandFacts, scriptCommands, scriptFacts } from '../../../../src/services/guard/shell/facts.ts'
import { READ_ONLY, WRITTEN, WRITTEN_READ_ONLY } from './read-only-lines.ts'

const SEED = { seed: 20261122, numRuns: 300 }
const anyReadOnly = fc.constantFrom(...READ_ONLY.filter((line) => !line.includes('#') && !line.includes('\n')), ...WRITTEN_READ_ONLY)

describe('a command that only reads', () => {
  it.each(READ_ONLY)('is known to: %s', (line) => {
    expect(scriptFacts(line)).toMatchObject({ readOnly: true, reasons: [], writes: [] })
  })

  it('is at least four in ten of those that people wrote', () => {
    expect(WRITTEN_READ_ONLY.length / WRITTEN.length).toBeGreaterThanOrEqual(0.4)
  })

  it.each([
    ['a write', (line: string) => `${line} > out`],
    ['an appending write', (line: string) => `${line} 2>> out`],
    ['another command', (line: string) => `${line}; rm x`],
    ['another command on the next line', (line: string) => `${line}\nrm x`],
    ['another command in front', (line: string) => `rm x; ${line}`],
    ['another command behind it', (line: string) => `${line} && rm x`],
    ['a pipe to a shell', (line: string) => `${line} | sh`],
    ['a substitution', (line: string) => `${line} $(id)`],
    ['backticks', (line: string) => `${line} \`id\``],
    ['a variable', (line: string) => `${line} "$x"`],
    ['the background', (line: string) => `${line} &`],
    ['an assignment', (line: string) => `LD_PRELOAD=./x.so ${line}`],
    ['a function around it', (line: string) => `f() { ${line}; }; f`],
    ['a loop around it', (line: string) => `for i in a; do ${line}; done`],
    ['a process substitution that writes', (line: string) => `${line} > >(cat)`],
  ])('is no longer read-only with %s', (_, change) => {
    fc.assert(
      fc.property(anyReadOnly, (line) => {
        expect(scriptFacts(change(line)).readOnly).toBe(false)
      }),
      SEED,
    )
  })

  it('is no longer read-only with a flag that is not known', () => {
    // These take any text for an operand.
    const takesAll =
      /^(?:.*[|;(]\s*)?(?:echo|printf|expr|xxd|awk|xargs|awk|history|true|yes|type|set|read|shopt|unalias|bg|pushd|python3|grep.*--help)\b|#|<<|\[|[)};]\s*$|fi$/s
    const lines = [...READ_ONLY, ...WRITTEN_READ_ONLY].filter((line) => !takesAll.test(line) && !/ -- |\b(?:echo|printf|awk|xargs)\b/.test(line))

    expect(lines.length).toBeGreaterThan(300)
    expect(lines.filter((line) => scriptFacts(`${line} --no-such-flag`).readOnly)).toEqual([])
  })

  it('has the same facts in any quotes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('ls', '-la', 'file', 'a b', '--color=auto', '-o', 'it"s', '$x', 'sort', 'x;y', '*'), { minLength: 1, maxLength: 5 }),
        fc.array(fc.constantFrom('single', 'double', 'escaped'), { minLength: 5, maxLength: 5 }),
        (words, quotes) => {
          const line = words.map((word, index) => quoted(word, quotes[index] ?? 'single')).join(' ')

          expect(scriptFacts(line)).toEqual(commandFacts(words))
        },
      ),
      SEED,
    )
  })
})

function quoted(word: string, how: string): string {
  if (how === 'single') return `'${word.replaceAll("'", `'\\''`)}'`
  if (how === 'double') return `"${word.replaceAll(/["$`\\]/g, '\\$&')}"`
  return word.replaceAll(/[^A-Za-z0-9]/g, '\\$&')
}

describe('the facts', () => {
  it.each([
    ['cat .env src/a.ts', { reads: ['.env', 'src/a.ts'], recursive: false, dynamic: false, programs: ['cat'] }],
    ['grep -f patterns.txt x src/a.ts', { reads: ['patterns.txt', 'x', 'src/a.ts'] }],
    ['grep -n password config.yml', { reads: ['config.yml'] }],
    ['grep -e password config.yml', { reads: ['config.yml'] }],
    ['grep -rn x', { reads: ['.'], recursive: true }],
    ['grep -rn x src', { reads: ['src'], recursive: true }],
    ['rg x', { reads: ['.'] }],
    ['diff -r a b', { reads: ['a', 'b'], recursive: true }],
    ['cat src/*', { reads: ['src/*'], recursive: true, dynamic: true }],
    ['ls src/*', { reads: ['src/*'], recursive: false }],
    ['find src lib -name x', { reads: ['src', 'lib'], recursive: false }],
    ['find -newer stamp', { reads: ['.', 'stamp'] }],
    ['find . | xargs cat', { reads: ['.'], recursive: true, programs: ['find', 'xargs'] }],
    ['sed -n 1p .env', { reads: ['.env'] }],
    ['awk -v a=1 "{print}" .env b=2 -', { reads: ['.env'] }],
    ['cat < .env', { reads: ['.env'] }],
    ['date -r .env', { reads: ['.env'] }],
    ['test -f .env', { reads: ['.env'] }],
    ['sort a | comm - b', { reads: ['a', '-', 'b'] }],
    ['cd secrets && cat key', { reads: ['secrets', 'key', 'secrets/secrets', 'secrets/key'] }],
    ['cat ~/.ssh/id_rsa', { reads: ['~/.ssh/id_rsa'], dynamic: true }],
    ['echo .env', { reads: [] }],
    ['ls', { reads: ['.'] }],
  ])('of %s say what it reads', (line, expected) => {
    expect(scriptFacts(line)).toMatchObject({ readOnly: true, ...expected })
  })

  it('name what a command writes to and starts when it is not read-only', () => {
    expect(scriptFacts('make 2> log.txt | tee -a out; $x $(curl u)')).toMatchObject({
      readOnly: false,
      writes: ['log.txt'],
      programs: ['make', 'tee', '$x', 'curl'],
      dynamic: true,
    })
  })

  it('of a shell with a script are those of the script', () => {
    expect(commandFacts(['bash', '-c', 'cat a | wc'])).toMatchObject({ readOnly: true, programs: ['bash', 'cat', 'wc'], reads: ['a'] })
  })

  it.each([
    [['bash', 'script.sh']],
    [['bash', '-lc', 'ls']],
    [['bash', '-c', 'ls', 'name']],
    [['bash', '-ic', 'ls']],
    [['bash', '--rcfile', 'x', '-c', 'ls']],
    [['zsh', '-c', 'ls']],
    [['./bash', '-c', 'ls']],
    [['/tmp/ls']],
    [['env', 'ls']],
    [[]],
    [['']],
    [['constructor']],
    [['__proto__', 'toString']],
  ])('of %j do not say that it only reads', (argv) => {
    expect(commandFacts(argv).readOnly).toBe(false)
  })

  it.each([
    ['a long script', 'ls;'.repeat(30_000)],
    ['many commands', 'ls;'.repeat(250)],
    ['deep nesting', `${'('.repeat(60)}ls${')'.repeat(60)}`],
    ['deep substitutions', `${'echo $('.repeat(300)}ls${')'.repeat(300)}`],
    ['an open quote', "ls 'a"],
    ['an open parenthesis', '(ls'],
    ['nothing', ''],
    ['a comment', '# ls'],
  ])('of %s do not say that it only reads', (_, text) => {
    expect(scriptFacts(text).readOnly).toBe(false)
  })

  it('are found for any text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...' \n\'"`$(){}[]<>|&;#*?!~\\=-', 'ls', 'a', '<<', '$((', '${', '[[', 'in', 'do', '\0'), { maxLength: 30 }),
        (signs) => {
          const facts = scriptFacts(signs.join(''))

          expect(facts.readOnly).toBe(facts.reasons.length === 0)
          expect(commandFacts(signs)).toMatchObject({ dynamic: false })
        },
      ),
      SEED,
    )
  })
})

describe('the commands of a script', () => {
  it('are all argvs in it', () => {
    expect(scriptCommands('a "b c" | d; if e; then (f \\;); fi; g() { h; }')).toEqual([['a', 'b c'], ['d'], ['e'], ['f', ';'], ['h']])
  })

  it.each(['rm $x', 'rm *', 'rm "a', '$(id)'])('are not told of %s', (text) => {
    expect(scriptCommands(text)).toBe(null)
  })
})
