import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileCommand } from '../../../src/services/guard/command.ts'
import { matchTarget } from '../../../src/services/guard/match-target.ts'
import { compileSpecifier } from '../../../src/services/guard/specifier.ts'

const PLACES = { workspace: '/ws', workspaceAlias: '/ws', stateDir: '/ws/.planner-exec', home: '/home/a' }
const word = fc.constantFrom(
  'git',
  'GIT',
  '/usr/bin/git',
  'push',
  'env',
  'X=1',
  '-c',
  'sh',
  'git push',
  'r"m" x',
  "g'i't push",
  '+main',
  'origin/main',
  '--force',
  '$(git push)',
)

describe('a prepared command', () => {
  it('is matched as the whole command is, by grants and prohibitions', () => {
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('git push *', 'git *', 'push', 'git push --force *', '/usr/bin/git *', 'git origin/main', 'rm *', '* push *', 'git +* *'),
        (argv, text) => {
          const whole = compileCommand(text)
          const compiled = compileSpecifier(`shell.exec(${text})`)
          const target = matchTarget({ kind: 'command', argv }, PLACES)
          expect(typeof compiled === 'string' ? compiled : [compiled.grants(target), compiled.reaches(target)]).toEqual([
            whole.grants(argv),
            whole.reaches(argv),
          ])
        },
      ),
      { seed: 5, numRuns: 5000 },
    )
  })

  it('is looked at closely by every pattern when a shell could read other words in it', () => {
    const words = (...argv: string[]) => {
      const target = matchTarget({ kind: 'command', argv }, PLACES)
      return target.kind === 'command' ? target.words : undefined
    }

    expect([words('watch', 'r"m" x'), words('env', "g'i't"), words('a', '`rm`')]).toEqual([null, null, null])
    expect(words('/usr/bin/Git', 'x=y')).toEqual(new Set(['/usr/bin/git', 'git', '', 'usr', 'bin', 'x=y', 'x', 'y']))
  })
})
