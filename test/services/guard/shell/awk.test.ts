import { describe, expect, it } from 'vitest'
import { awkOnlyReads } from '../../../../src/services/guard/shell/awk.ts'

describe('a program of awk', () => {
  it.each([
    '{print $1/2}',
    'NR>1',
    '$3 >= 2 || $2 > 1',
    '/a|b>c/',
    '{ if (($1 > 2) && /x/) print "a > b | c" }',
    'BEGIN { while (i++ < 3) print i }',
    '{ a[$1] += $2 } END { for (k in a) print k, a[k] }',
    '{ gsub(/[^a-z]/, ""); print }',
    '!seen[$0]++',
    '{ print (a > b) ? 1 : 2 }',
    'function f(x) { return x / 2 } { print f($1) }',
    '# > |\n{ print }',
    '{ print (length($0) - 1) / 2 }',
  ])('only reads: %s', (program) => {
    expect(awkOnlyReads(program)).toBe(true)
  })

  it.each([
    '{print > "f"}',
    '{print >"f"}',
    '{print>>"f"}',
    '{print | "sh"}',
    '{print |& "sh"}',
    '{printf("x") > "f"}',
    '{print (1) > "f"}',
    '{if (1) print > "f"}',
    '{if (1) /x/; print > "f"}',
    'BEGIN{system("id")}',
    'BEGIN{sys\\\ntem("id")}',
    'BEGIN{getline < "f"}',
    '"id" | getline',
    '@load "x"',
    'BEGIN{f="sys" "tem"; @f("id")}',
    'BEGIN{ARGV[1]="/inet/tcp/0/h/1"}',
    '{print "a',
    '{print /a}',
    '{',
    '}',
    '(',
    ')',
    "{print 'x'}",
    '/a\n/{print > "f"}/b/',
    '{ "a" /"/; print > "f"; y = /"/ }',
    '{ if (1) /"/; print "a" > "f" ; y = /"/ }',
    '{ x = y--/"/; print > "f"; /"/ }',
    'BEGIN { printf "a" > "/dev/tcp" }',
    '{ print $1, $2 > $3 }',
    '{ print a > b ? c : d }',
  ])('is in doubt: %j', (program) => {
    expect(awkOnlyReads(program)).toBe(false)
  })
})
