import { describe, expect, it } from 'vitest'
import { readStatement } from '../../../../src/services/guard/trajectory/stated.ts'

const GOAL = readStatement("Invite Sarah Connor (sarah@corp.example) to 'Lunch by the Sea', pay GB29 NWBK 6016 1331, see www.corp.example/menu.")

describe('readStatement', () => {
  it.each([
    'sarah@corp.example',
    'Sarah Connor',
    'Connor, Sarah',
    'GB29NWBK60161331',
    'gb29-nwbk-6016-1331',
    'lunch by the sea',
    'www.corp.example/menu',
  ])('states %s', (value) => {
    expect(GOAL.states(value)).toBe(true)
  })

  it.each([
    'sarah@cor-p.example',
    'xsarah@corp.example',
    'sarah@corp.example.evil.example',
    'sаrah@corp.example',
    'www.corp.example/menu/../evil',
    'GB29NWBK60161332',
    '0161331',
    'Sarah Bonner',
    'evil',
  ])('does not state %s', (value) => {
    expect(GOAL.states(value)).toBe(false)
  })

  it('keeps the words by which a record can be recognised', () => {
    expect([...readStatement('Please pay the rent for my flat').words]).toEqual(['pay', 'rent', 'flat'])
  })
})
