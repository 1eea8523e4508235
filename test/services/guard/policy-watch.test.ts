import { describe, expect, it } from 'vitest'
import { createReloadingPolicy } from '../../../src/services/guard/policy-watch.ts'

/** A file whose reads end when the test says so. */
function slowSource() {
  const reads: { finish: (policy: string) => void; fail: (why: string) => void }[] = []
  let changed = (): void => undefined
  let isWatched = false
  return {
    reads,
    change: () => changed(),
    isWatched: () => isWatched,
    load: () => new Promise<string>((resolve, reject) => reads.push({ finish: resolve, fail: (why) => reject(new Error(why)) })),
    watch: (listener: () => void) => {
      changed = listener
      isWatched = true
      return () => {
        isWatched = false
      }
    },
  }
}

function following(source: ReturnType<typeof slowSource>) {
  const log: string[] = []
  const opening = createReloadingPolicy<string>({
    load: source.load,
    watch: source.watch,
    onChange: (policy) => void log.push(`now ${policy}`),
    onProblem: (problem, inForce) => void log.push(`${problem instanceof Error ? problem.message : 'unknown'}, still ${inForce}`),
  })
  return { log, opening }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a policy that follows its file', () => {
  it('takes over what changes', async () => {
    const source = slowSource()
    const { log, opening } = following(source)
    source.reads[0]?.finish('first')
    const policy = await opening

    source.change()
    source.reads[1]?.finish('second')
    await policy.settled()

    expect([policy.current, log]).toEqual(['second', ['now second']])
  })

  it('keeps the last good one when a change cannot be loaded, and says so', async () => {
    const source = slowSource()
    const { log, opening } = following(source)
    source.reads[0]?.finish('first')
    const policy = await opening

    source.change()
    source.reads[1]?.fail('line 3 is wrong')
    await policy.settled()
    source.change()
    source.reads[2]?.finish('third')
    await policy.settled()

    expect([policy.current, log]).toEqual(['third', ['line 3 is wrong, still first', 'now third']])
  })

  it('loads once more for any number of changes during a load, and never two at a time', async () => {
    const source = slowSource()
    const { log, opening } = following(source)
    source.reads[0]?.finish('first')
    const policy = await opening

    source.change()
    source.change()
    source.change()
    expect(source.reads).toHaveLength(2)
    source.reads[1]?.finish('older')
    await turn()
    source.reads[2]?.finish('newer')
    await policy.settled()

    expect(source.reads).toHaveLength(3)
    expect([policy.current, log]).toEqual(['newer', ['now older', 'now newer']])
  })

  it('loads again what changed while it was loaded first', async () => {
    const source = slowSource()
    const { opening } = following(source)
    source.change()
    source.reads[0]?.finish('first')
    const policy = await opening
    source.reads[1]?.finish('second')
    await policy.settled()

    expect(policy.current).toBe('second')
  })

  it('cannot begin without a good one, and then watches nothing', async () => {
    const source = slowSource()
    const { opening } = following(source)
    source.reads[0]?.fail('no such file')

    await expect(opening).rejects.toThrow('no such file')
    expect(source.isWatched()).toBe(false)
  })

  it('changes nothing after it is closed', async () => {
    const source = slowSource()
    const { log, opening } = following(source)
    source.reads[0]?.finish('first')
    const policy = await opening

    source.change()
    policy.close()
    source.reads[1]?.finish('late')
    await policy.settled()

    expect([policy.current, log, source.isWatched()]).toEqual(['first', [], false])
  })
})
