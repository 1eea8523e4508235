import { describe, expect, it } from 'vitest'
import { isAdmitted } from '../../../src/services/guard/admission.ts'
import { action, makeGuard, SCOPE } from './fixtures.ts'

async function admitNote() {
  const { guard } = await makeGuard({ defaults: { '*': 'allow' } })
  const body = { list: [1, { deep: true }] }
  return { body, admitted: await guard.admit(action('note.add.v1', { body }), SCOPE) }
}

describe('isAdmitted', () => {
  it('knows what a guard admitted', async () => {
    const { admitted } = await admitNote()

    expect(isAdmitted(admitted)).toBe(true)
  })

  it('refuses every copy and imitation', async () => {
    const { admitted } = await admitNote()

    const forged = [
      { ...admitted },
      Object.create(admitted),
      structuredClone(admitted),
      new Proxy(admitted, {}),
      Object.freeze({ ...admitted, digest: 'x' }),
      null,
      'admitted',
      undefined,
    ]

    expect(forged.map(isAdmitted)).toEqual(forged.map(() => false))
  })
})

describe('an admitted action', () => {
  it('is frozen in depth', async () => {
    const { admitted } = await admitNote()

    expect(() => Object.assign(admitted, { capability: 'shell.exec.v1' })).toThrow(TypeError)
    expect(() => Object.assign(admitted.args, { body: null })).toThrow(TypeError)
    expect(admitted.args).toSatisfy(isDeeplyFrozen)
  })

  it('does not follow changes of the object it came from', async () => {
    const { admitted, body } = await admitNote()

    body.list.push(2)

    expect(admitted.args).toEqual({ body: { list: [1, { deep: true }] } })
  })
})

function isDeeplyFrozen(value: unknown): boolean {
  return typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen))
}
