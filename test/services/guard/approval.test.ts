import { describe, expect, it } from 'vitest'
import type { Action } from '../../../src/model/action.ts'
import { approvalDigest } from '../../../src/services/guard/approval.ts'

const ACTION: Action = { runId: 'r', stepId: 's', capability: 'fs.write.v1', args: { path: 'a', content: 'b' }, plan: 'p' }
const DIGEST = approvalDigest(ACTION, 'hash')
const { plan: _, ...unplanned } = ACTION

describe('what an approval is bound to', () => {
  it('is the same for the same action, whatever the order of its keys', () => {
    expect(approvalDigest({ plan: 'p', args: { content: 'b', path: 'a' }, capability: 'fs.write.v1', stepId: 's', runId: 'r' }, 'hash')).toBe(DIGEST)
    expect(DIGEST).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each<[string, Action]>([
    ['run', { ...ACTION, runId: 'r2' }],
    ['step', { ...ACTION, stepId: 's2' }],
    ['capability', { ...ACTION, capability: 'fs.write.v2' }],
    ['plan', { ...ACTION, plan: 'p2' }],
    ['plan, which is missing', unplanned],
    ['argument', { ...ACTION, args: { path: 'a', content: 'c' } }],
    ['argument by one invisible character', { ...ACTION, args: { path: 'a', content: 'b\u200b' } }],
    ['argument more', { ...ACTION, args: { path: 'a', content: 'b', createDirs: true } }],
    ['type of an argument', { ...ACTION, args: { path: 'a', content: ['b'] } }],
    ['place of an argument', { ...ACTION, args: { path: 'b', content: 'a' } }],
  ])('is another one for another %s', (_name, other) => {
    expect(approvalDigest(other, 'hash')).not.toBe(DIGEST)
  })

  it('is another one under another policy, and cannot be shifted between its parts', () => {
    expect(approvalDigest(ACTION, 'other')).not.toBe(DIGEST)
    expect(approvalDigest({ ...ACTION, runId: 'rs', stepId: '' }, 'hash')).not.toBe(approvalDigest({ ...ACTION, runId: '', stepId: 'rs' }, 'hash'))
  })
})
