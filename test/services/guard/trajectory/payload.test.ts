import { describe, expect, it } from 'vitest'
import { isPayload } from '../../../../src/services/guard/trajectory/payload.ts'

describe('isPayload', () => {
  it('knows the usual names for what is said, by their last word', () => {
    expect(['subject', 'messageBody', 'event_title', 'notes.0'].map(isPayload)).toEqual([true, true, true, true])
    expect(['to', 'recipient', 'subject_id', 'message.to', ''].map(isPayload)).toEqual([false, false, false, false, false])
  })
})
