import { describe, expect, it } from 'vitest'
import { refusal, strictest, type Ruling } from '../../../src/services/guard/ruling.ts'

const ruling = (decision: Ruling['decision'], reason: string): Ruling => ({ decision, ruleId: `rule-${reason}`, reason, hint: null })

describe('strictest', () => {
  it('takes the strictest and gives the reasons of all that are as strict', () => {
    const result = strictest([ruling('allow', 'a'), ruling('deny', 'b'), ruling('ask', 'c'), ruling('deny', 'd'), ruling('deny', 'b')])

    expect(result).toEqual({ decision: 'deny', ruleId: 'rule-b', reason: 'b; d', hint: null })
  })

  it('counts the reasons it does not show', () => {
    const [first, ...others] = Array.from({ length: 8 }, (_, index) => refusal('x', `reason ${index}`))

    expect(first && strictest([first, ...others]).reason).toMatch(/reason 4; and 3 more$/)
  })
})
