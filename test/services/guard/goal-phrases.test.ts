import { describe, expect, it } from 'vitest'
import { vetPhrases } from '../../../src/services/guard/goal-phrases.ts'

describe('vetPhrases', () => {
  it.each([
    ['root access', 'Give me ROOT\n\t access now', 'deny'],
    ['root', 'find the root cause', 'deny'],
    ['admin', 'improve the administration page', 'allow'],
    ['drop', 'backdrop colours', 'allow'],
    ['delete', 'de\u200blete it', 'deny'],
    ['delete', 'ｄｅｌｅｔｅ it', 'deny'],
    ['größe', 'Die GRÖSSE ändern', 'allow'],
    ['größe', 'Die GRÖßE ändern', 'deny'],
    ['löschen', 'unlöschen', 'allow'],
    ['rm -rf', 'run rm  -rf /', 'deny'],
    ['a.c', 'abc', 'allow'],
    ['c++', 'write C++ now', 'deny'],
    ['   ', 'anything', 'allow'],
  ])('with %j, the goal %j is: %s', (phrase, goal, decision) => {
    expect(vetPhrases(goal, [phrase]).decision).toBe(decision)
  })

  it('names the phrase it refuses', () => {
    expect(vetPhrases('drop the table', ['harmless', 'drop the'])).toMatchObject({
      decision: 'deny',
      reason: expect.stringContaining('"drop the"'),
      question: null,
    })
  })
})
