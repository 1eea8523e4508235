import { describe, expect, it } from 'vitest'
import { undress } from '../../../../src/services/guard/trajectory/disguise.ts'

const SECRET = 'account US1330000001'

describe('undress', () => {
  it.each([
    ['base64', Buffer.from(SECRET).toString('base64')],
    ['base64', Buffer.from(SECRET).toString('base64url')],
    ['hex', Buffer.from(SECRET).toString('hex')],
    ['percent', 'account%20US133%30%3000001'],
  ])('takes %s off', (coat, value) => {
    expect(undress(`see ${value} here`)).toContainEqual({ coat, value: SECRET })
  })

  it('reads a value backwards', () => {
    expect(undress('1000000331SU tnuocca')).toContainEqual({ coat: 'reversed', value: 'accountus1330000001' })
  })

  it('leaves alone what is no text, too short or too long', () => {
    expect(
      undress(Buffer.from([0xff, 0xfe, 0x00, 0x01, 0x80, 0x81, 0x82, 0x83, 0x84]).toString('base64')).filter(({ coat }) => coat === 'base64'),
    ).toEqual([])
    expect(undress('short')).toEqual([])
    expect(undress('a'.repeat(70_000))).toEqual([])
  })
})
