import { describe, expect, it } from 'vitest'
import { quote } from '../../../src/services/guard/quote.ts'

describe('quote', () => {
  it('shows control and format characters instead of sending them', () => {
    expect(quote('a\u001b[31m\u202e\n\u2028b')).toBe('"a\\u{1b}[31m\\u{202e}\\u{a}\\u{2028}b"')
  })

  it('cuts long text', () => {
    expect(quote('x'.repeat(10_000))).toHaveLength(163)
  })
})
