import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold, foldHard, isForged, squeeze } from '../../../../src/services/guard/trajectory/fold.ts'

describe('fold', () => {
  it('keeps punctuation, so that two addresses stay two', () => {
    expect(fold(' Bob@Corp.com\n')).toBe('bob@corp.com')
    expect(fold('bob@cor-p.com')).not.toBe(fold('bob@corp.com'))
  })
})

describe('squeeze', () => {
  it.each(['US13 3000 0001', 'us13-3000-0001', 'U\u200bS1330000001', 'ＵＳ1330000001', 'US 13.30.000.001'])('sees one value in %s', (written) => {
    expect(squeeze(written)).toBe('us1330000001')
  })

  it('sees through letters that only look Latin', () => {
    expect(squeeze('раураl')).toBe(squeeze('paypal'))
    expect(foldHard('Café')).toBe('cafe')
  })

  it('is the same after squeezing twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(squeeze(squeeze(text))).toBe(squeeze(text))
      }),
      { seed: 5 },
    )
  })
})

describe('isForged', () => {
  it.each(['bоb@corp.com', 'evil\u200b.com', 'acc\u00adount', 'аdmin'])('is true of %j', (value) => {
    expect(isForged(value)).toBe(true)
  })

  it.each(['bob@corp.com', 'Иванов', 'Ιωάννης', 'family 👨‍👩‍👧 photo', 'می‌خواهم', 'naïve'])('is false of %j', (value) => {
    expect(isForged(value)).toBe(false)
  })
})
