import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { commandFacts, scriptFacts } from '../../../../src/services/guard/shell/facts.ts'

/** One use of a program a line that writes, starts, connects or asks a terminal; a line break in one is written `⏎`. */
const ESCAPES = readFileSync(new URL('escapes.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => line.replaceAll('⏎', '\n'))

describe('a use of a program to do more than read', () => {
  it('is known in many forms', () => {
    expect(ESCAPES.length).toBeGreaterThan(600)
    expect(new Set(ESCAPES.map((line) => line.split(' ')[0])).size).toBeGreaterThan(300)
  })

  it.each(ESCAPES)('is not read-only: %s', (line) => {
    expect(scriptFacts(line)).toMatchObject({ readOnly: false, reasons: expect.arrayContaining([expect.any(String)]) })
    expect(commandFacts(['bash', '-c', line]).readOnly).toBe(false)
  })

  it('is not read-only either behind a command that is', () => {
    expect(ESCAPES.filter((line) => scriptFacts(`ls; ${line}`).readOnly)).toEqual([])
  })

  // A shell gives these words to the program as they are; so does an argv.
  it.each(ESCAPES.filter((line) => /^[A-Za-z0-9 _./:=@%+,-]+$/.test(line)))('is not read-only as an argv: %s', (line) => {
    expect(commandFacts(line.split(' ')).readOnly).toBe(false)
  })
})
