import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/model/digest.ts'
import type { Journal, Lease } from '../../../src/services/journal/journal.ts'
import { createMemoryJournal } from '../../../src/services/journal/memory.journal.ts'
import { createSqliteJournal } from '../../../src/services/journal/sqlite.journal.ts'
import { claimAgain, claimRun, entry, newDatabase, NOW, present } from './journal.fixture.ts'
import { blobsOf, finished } from './retention.contract.ts'

const IDS = ['run-0', 'run-1', 'run-2', 'run-3']
/** Few, so that runs share them; one names another. */
const BODIES = ['a', 'b', `["${sha256('a')}"]`, 'c\0']

type Step =
  | { readonly do: 'begin' | 'finish' | 'letGo' | 'remove'; readonly run: number; readonly via: number }
  | { readonly do: 'store' | 'storeAhead'; readonly run: number; readonly via: number; readonly body: number }
  | { readonly do: 'sweep'; readonly via: number }

const run = fc.nat({ max: IDS.length - 1 })
const via = fc.nat({ max: 1 })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('begin' as const, 'finish' as const, 'letGo' as const, 'remove' as const), run, via }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('store' as const, 'storeAhead' as const), run, via, body: fc.nat({ max: BODIES.length - 1 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const), via }) },
  ),
  { minLength: 5, maxLength: 40 },
)

interface Known {
  lease: Lease | null
  ended: boolean
  records: number
  readonly bodies: Set<string>
}

/** Does the steps through two openings of one store, sweeps going on meanwhile, and keeps what must be there. */
async function carryOut(journals: readonly Journal[], all: readonly Step[]): Promise<void> {
  const known = new Map<string, Known>()
  const sweeps: Promise<unknown>[] = []
  const journalOf = (index: number) => present(journals[index % journals.length])
  for (const step of all) {
    const journal = journalOf(step.via)
    if (step.do === 'sweep') sweeps.push(journal.sweep())
    else await take(step, journal, present(IDS[step.run]), known)
    check(journal, known)
  }
  await Promise.all(sweeps)
  for (const journal of journals) check(journal, known)
}

async function take(step: Exclude<Step, { do: 'sweep' }>, journal: Journal, runId: string, known: Map<string, Known>): Promise<void> {
  const there = known.get(runId)
  if (step.do === 'begin') {
    if (there === undefined) known.set(runId, { lease: claimRun(journal, runId), ended: false, records: 0, bodies: new Set() })
    else if (!there.ended) there.lease ??= claimAgain(journal, runId)
  } else if (step.do === 'remove') {
    const [removal] = journal.remove([runId], { now: NOW, endedBy: NOW })
    expect(removal?.kept === null).toBe(there !== undefined && there.ended && there.lease === null)
    if (removal?.kept === null) known.delete(runId)
    journal.clearRemoved([runId], () => true)
  } else if (there !== undefined && there.lease !== null) await own(step, journal, there, there.lease)
}

async function own(step: Exclude<Step, { do: 'sweep' }>, journal: Journal, there: Known, lease: Lease): Promise<void> {
  if (step.do === 'letGo') {
    journal.release(lease)
    there.lease = null
  } else if (step.do === 'finish') {
    await journal.commit({ ...lease, entries: [entry(there.records++)], summary: finished(lease.runId) })
    there.ended = true
  } else if ('body' in step) {
    const body = present(BODIES[step.body])
    // What a body names is stored by whoever stores the body.
    const blobs = blobsOf(...BODIES.filter((other) => other === body || body.includes(sha256(other))))
    const entries = step.do === 'store' ? [entry(there.records++, { ref: sha256(body) })] : []
    await journal.commit({ ...lease, entries, blobs })
    for (const ref of blobs.keys()) there.bodies.add(ref)
  }
}

function check(journal: Journal, known: ReadonlyMap<string, Known>): void {
  for (const [runId, { records, bodies }] of known) {
    expect(journal.read(runId)).toHaveLength(records)
    for (const ref of bodies) expect(journal.blob(ref)).not.toBeNull()
  }
}

describe('whatever runs begin, end and are removed, every kept run has its whole journal and all its bodies', () => {
  test('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => carryOut([createMemoryJournal()], all)),
      { numRuns: 300 },
    )
  })

  test('in a file that two processes have open', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const file = newDatabase()
        const journals = [await createSqliteJournal({ file, sync: 'normal' }), await createSqliteJournal({ file, sync: 'normal' })]
        try {
          await carryOut(journals, all)
        } finally {
          for (const journal of journals) await journal.close()
        }
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
