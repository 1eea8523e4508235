import { describe, expect, it } from 'vitest'
import { checkCommand, compileCommand, runsInlineCode } from '../../../src/services/guard/command.ts'

const words = (text: string): string[] => text.split(' ')

describe('a grant', () => {
  it.each([
    ['git status *', 'git status', true],
    ['git status *', 'git status --short', true],
    ['git status *', '/usr/bin/git status', true],
    ['git status *', '/bin/git status', true],
    ['git status *', 'git push', false],
    ['git status *', 'git', false],
    ['git status *', './git status', false],
    ['git status *', '/tmp/git status', false],
    ['git status *', '/usr/bin/../../tmp/git status', false],
    ['git status *', 'GIT status', false],
    ['git status *', 'git -C /x status', false],
    ['git status', 'git status', true],
    ['git status', 'git status --short', false],
    ['git * --stat', 'git log --stat', true],
    ['git * --stat', 'git log -p --stat', false],
    ['npm run test:*', 'npm run test:unit', true],
    ['npm run test:*', 'npm run build', false],
    ['./scripts/*.sh *', './scripts/a.sh x', true],
    ['./scripts/*.sh *', './scripts/../evil.sh', false],
    ['./scripts/*', './scripts/../evil', false],
    ['./scripts/*', './scripts/a/evil', false],
    ['./*/evil', './../evil', false],
    ['./*/evil', './a/evil', true],
    ['* --version', 'node --version', true],
    ['* --version', '/tmp/node --version', false],
    ['*', '/tmp/anything at all', true],
    ['echo *', 'env echo a', false],
  ])('%j covers %j: %s', (pattern, command, expected) => {
    expect(compileCommand(pattern).grants(words(command))).toBe(expected)
  })

  it('compares words, not text: a space inside a word stays inside', () => {
    const pattern = compileCommand('git status *')

    const decisions = [
      ['git status', 'x'],
      ['git', 'status; rm -rf /'],
      ['git', 'status', '; rm -rf /'],
    ].map((argv) => pattern.grants(argv))

    expect(decisions).toEqual([false, false, true])
  })
})

describe('a prohibition', () => {
  it.each([
    ['rm -rf *', 'rm -rf /', true],
    ['rm -rf *', 'rm -fr /', true],
    ['rm -rf *', 'rm -r -f /', true],
    ['rm -rf *', 'rm / -f -v -r', true],
    ['rm -rf *', 'rm -vrif x', true],
    ['rm -rf *', '/usr/local/bin/rm -rf x', true],
    ['rm -rf *', './rm -rf x', true],
    ['rm -rf *', 'RM -rf x', true],
    ['rm -rf *', 'rm -r x', false],
    ['rm -rf *', 'rm notes-rf.txt', false],
    ['rm -rf *', 'grep rm -rf file', false],
    ['rm --recursive --force *', 'rm --recursive --force x', true],
    ['rm --recursive --force *', 'rm --rec --f x', true],
    ['sudo *', 'sudo ls', true],
    ['sudo *', 'pseudocode sudo', false],
    ['sudo', 'sudo ls', true],
    ['sudo *', 'env A=1 sudo ls', true],
    ['sudo *', 'timeout -s KILL 5 sudo ls', true],
    ['sudo *', 'nice -n 5 nohup sudo ls', true],
    ['sudo *', 'xargs -0 sudo', true],
    ['sudo *', 'find . -name x -exec sudo rm {} ;', true],
    ['sudo *', 'timeout 5 grep sudo file', false],
    ['dd if=*', 'dd of=/dev/sda if=/dev/zero', true],
    ['mkfs.* *', 'mkfs.ext4 /dev/sda', true],
    ['chmod 777 *', 'chmod -R 777 .', true],
    ['chmod 777 *', 'chmod 644 777.txt', false],
    ['git push --force *', 'git -C /x push origin main --force', true],
    ['git push --force *', 'git push --force-with-lease', false],
    ['git push --force *', 'git log --force', false],
    ['git push +* *', 'git push origin +main', true],
  ])('%j reaches %j: %s', (pattern, command, expected) => {
    expect(compileCommand(pattern).reaches(words(command))).toBe(expected)
  })

  it.each([
    ['rm -rf *', 'ls; rm -rf "$HOME"', true],
    ['rm -rf *', 'cd x && echo $(rm -fr a)', true],
    ['rm -rf *', 'for f in a; do sudo rm -r -f $f; done', true],
    ['rm -rf *', 'bash -c "rm -rf x"', true],
    ['rm -rf *', 'f() { rm -rf x; }; f', true],
    ['rm -rf *', 'cat <(rm -rf x)', true],
    ['rm -rf *', 'cat <<E\n$(rm -rf x)\nE', true],
    ['rm -rf *', 'echo ${x:-`rm -rf x`}', true],
    ['rm -rf *', 'echo rm -rf x', false],
    ['rm -rf *', "grep 'rm -rf x' file", false],
    ['curl *', 'true | xargs curl', true],
  ])('%j reaches into the script %j of a shell: %s', (pattern, script, expected) => {
    const compiled = compileCommand(pattern)

    expect(compiled.reaches(['bash', '-c', script])).toBe(expected)
    expect(compiled.reaches(['env', 'A=1', '/bin/sh', '-x', '-ec', '-u', script])).toBe(expected)
  })

  it('is not slowed down by a command made of launchers', () => {
    const argv = Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? 'env' : '-a'))
    const started = performance.now()

    const result = checkCommand(argv)

    expect(result).toMatchObject({ ruleId: 'builtin:command' })
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('checkCommand', () => {
  it.each([[['']], [[]], [['ls', 'a\0b']]])('refuses %j', (argv) => {
    expect(checkCommand(argv)).toMatchObject({ decision: 'deny', ruleId: 'builtin:command' })
  })

  it('takes line breaks, which a commit message has', () => {
    expect(checkCommand(['git', 'commit', '-m', 'a\nb'])).toMatchObject({ kind: 'command' })
  })
})

describe('runsInlineCode', () => {
  it.each([
    ['sh -c ls', false],
    ['sh -c make', true],
    ['/bin/bash -lc ls', true],
    ['python3.11 -c 1', true],
    ['node --eval=1', true],
    ['env A=1 perl -pe s', true],
    ['xargs sh -c ls', true],
    ['node script.js', false],
    ['git -c a=b log', false],
    ['grep -e x', false],
  ])('%j: %s', (command, expected) => {
    expect(runsInlineCode(words(command))).toBe(expected)
  })
})
