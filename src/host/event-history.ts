import type { RunEvent } from '../model/events.ts'

/** Most events of a run that are kept in memory, whoever listens; older ones are told from the journal again. */
const KEPT = 2_000

export interface EventHistory {
  /** Adds what one or more whole records told, in the order of their `seq`. */
  push(events: readonly RunEvent[]): void
  /** Nothing more will come. */
  end(): void
  /** Everything from record `fromSeq` on, then what comes; ends with the history. Any number may read, each at its own pace. */
  read(fromSeq: number): AsyncIterable<RunEvent>
}

export interface EventHistoryOptions {
  /** The first record whose events will be pushed. */
  readonly firstSeq: number
  /** What the records from `fromSeq` up to `toSeq` told. */
  readonly earlier: (fromSeq: number, toSeq: number) => readonly RunEvent[]
}

export function createEventHistory({ firstSeq, earlier }: EventHistoryOptions): EventHistory {
  let kept: RunEvent[] = []
  /** Events before this record are not kept. */
  let keptFrom = firstSeq
  /** How many kept ones were dropped: readers count from the first that was ever pushed. */
  let dropped = 0
  let ended = false
  const waiting = new Set<() => void>()

  function wakeAll(): void {
    const woken = [...waiting]
    waiting.clear()
    for (const wake of woken) wake()
  }

  function trim(): void {
    const half = kept[kept.length - KEPT / 2]
    if (kept.length <= KEPT || half === undefined) return
    const cut = kept.findIndex(({ seq }) => seq >= half.seq)
    kept = kept.slice(cut)
    dropped += cut
    keptFrom = half.seq
  }

  /** The events at a position that one record told; none when it has not come yet. */
  function recordAt(index: number): readonly RunEvent[] {
    const first = kept[index]
    if (first === undefined) return []
    let end = index + 1
    while (kept[end]?.seq === first.seq) end += 1
    return kept.slice(index, end)
  }

  return {
    push(events) {
      for (const event of events) kept.push(event)
      trim()
      wakeAll()
    },
    end() {
      ended = true
      wakeAll()
    },
    async *read(fromSeq) {
      let next = fromSeq
      let position = dropped
      for (;;) {
        if (next < keptFrom) {
          const missed = earlier(next, keptFrom - 1)
          next = keptFrom
          position = dropped
          yield* missed
          continue
        }
        position = Math.max(position, dropped)
        const record = recordAt(position - dropped)
        position += record.length
        // A copy of a whole record: what is trimmed while the reader is busy with it is not missed.
        next = record[0] ? record[0].seq + 1 : next
        yield* record.filter(({ seq }) => seq >= fromSeq)
        if (record.length > 0) continue
        if (ended) return
        await new Promise<void>((resolve) => waiting.add(resolve))
      }
    },
  }
}
