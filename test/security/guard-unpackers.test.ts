import { describe, expect, it } from 'vitest'
import { commandFacts } from '../../src/services/guard/shell/facts.ts'

const readOnly = (argv: readonly string[]): boolean => commandFacts(argv).readOnly

describe('an unpacker that is to test and to unpack', () => {
  // `xz -t -d b.xz` makes b and removes b.xz: of the two, the last one counts.
  it.each([
    ['xz', '-t', '-d', 'b.xz'],
    ['xz', '-td', 'b.xz'],
    ['xz', '--test', '--decompress', 'b.xz'],
    ['bzip2', '-t', '-d', 'a.bz2'],
    ['bunzip2', '-t', '--decompress', 'a.bz2'],
    ['unxz', '-t', '--decompress', 'b.xz'],
  ])('%s %s is not one that only reads', (...argv) => {
    expect(readOnly(argv)).toBe(false)
  })

  it.each([
    ['xz', '-t', 'b.xz'],
    ['xz', '-dc', 'b.xz'],
    ['bzip2', '-t', 'a.bz2'],
    ['gzip', '-t', '-d', 'a.gz'],
    ['gunzip', '-c', 'a.gz'],
  ])('%s %s only reads', (...argv) => {
    expect(readOnly(argv)).toBe(true)
  })
})
