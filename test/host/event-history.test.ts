import { describe, expect, it } from 'vitest'
import { createEventHistory } from '../../src/host/event-history.ts'
import type { RunEvent } from '../../src/model/events.ts'

/** What record `seq` tells: two events. */
const told = (seq: number): readonly RunEvent[] => ['first', 'second'].map((reason) => ({ type: 'run.parked', runId: 'run', seq, at: seq, reason }))
const toldBy = (fromSeq: number, toSeq: number) => Array.from({ length: toSeq - fromSeq + 1 }, (_, n) => told(fromSeq + n)).flat()

async function read(events: AsyncIterable<RunEvent>, count = Infinity): Promise<readonly RunEvent[]> {
  const taken: RunEvent[] = []
  for await (const event of events) if (taken.push(event) >= count) break
  return taken
}

function historyFrom(firstSeq: number) {
  const asked: (readonly [number, number])[] = []
  const history = createEventHistory({
    firstSeq,
    earlier(fromSeq, toSeq) {
      asked.push([fromSeq, toSeq])
      return toldBy(fromSeq, toSeq)
    },
  })
  return { history, asked }
}

describe('the events of a run', () => {
  it('are told from any record on, what is there and what comes', async () => {
    const { history, asked } = historyFrom(0)
    history.push(toldBy(0, 2))
    const whole = read(history.read(0))
    const part = read(history.read(2))
    history.push(told(3))
    history.push([])
    history.push(told(5))
    history.end()

    expect(await whole).toEqual([...toldBy(0, 3), ...told(5)])
    expect(await part).toEqual([...toldBy(2, 3), ...told(5)])
    expect(await read(history.read(9))).toEqual([])
    expect(asked).toEqual([])
  })

  it('of before the first that was pushed come from the journal', async () => {
    const { history, asked } = historyFrom(7)
    history.push(toldBy(7, 8))
    history.end()

    expect(await read(history.read(4))).toEqual(toldBy(4, 8))
    expect(asked).toEqual([[4, 6]])
  })

  it('come from the journal again, none missing and none twice, for whoever falls behind', async () => {
    const { history } = historyFrom(0)
    const slow = history.read(0)[Symbol.asyncIterator]()
    history.push(toldBy(0, 9))
    const first = [await slow.next(), await slow.next(), await slow.next()].map(({ value }) => value as RunEvent)
    for (let seq = 10; seq < 40_000; seq += 1_000) history.push(toldBy(seq, Math.min(seq + 999, 39_999)))
    history.end()

    const rest = await read({ [Symbol.asyncIterator]: () => slow })

    expect([...first, ...rest].map(({ seq }) => seq)).toEqual(toldBy(0, 39_999).map(({ seq }) => seq))
    expect((await read(history.read(39_990))).length).toBe(20)
  })
})
