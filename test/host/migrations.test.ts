import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryJournal, machineIdentity, type Journal, type JournalEntry, type MachineIdentity, type RunMigration } from '../../src/index.ts'
import { createMigratingJournal } from '../../src/host/migrating-journal.ts'
import { createMigrations } from '../../src/host/migrations.ts'
import { BOTH, FIRST, SECOND, firstToSecond, isEvent, secondToNow } from '../support/older-run.ts'

const charts = (hash: string): MachineIdentity => ({ machineId: 'workflow', machineVersion: '1', machineHash: hash })
const now = () => charts('now')
const step = (from: string, to: string, name = `${from}-${to}`): RunMigration => ({
  name,
  from: charts(from),
  to: charts(to),
  entry: (entry) => entry,
})

describe('registered migrations', () => {
  it('lead from each version to the present one, in order', () => {
    const migrations = createMigrations([step('b', 'now'), step('c', 'b'), step('a', 'b')], now)

    expect(migrations.chainFrom(charts('a'))?.map(({ name }) => name)).toEqual(['a-b', 'b-now'])
    expect(migrations.chainFrom(charts('c'))?.map(({ name }) => name)).toEqual(['c-b', 'b-now'])
    expect(migrations.chainFrom(charts('now'))).toEqual([])
    expect(migrations.chainFrom(charts('z'))).toBeNull()
  })

  it('tell builds of one version apart, and versions of one build', () => {
    const migrations = createMigrations([step('a', 'now')], now)

    expect(migrations.chainFrom({ ...charts('a'), machineVersion: '2' })).toBeNull()
    expect(migrations.chainFrom({ ...charts('a'), machineId: 'other' })).toBeNull()
  })

  it('are none when none are given', () => {
    const migrations = createMigrations(undefined, now)

    expect([migrations.isEmpty, migrations.chainFrom(charts('now')), migrations.chainFrom(charts('a'))]).toEqual([true, [], null])
  })

  it.each([
    ['a name that is there twice', [step('a', 'now', 'x'), step('b', 'now', 'x')], 'migrations.1.name', /no other migration/],
    ['two ways from one version', [step('a', 'now', 'x'), step('a', 'b', 'y'), step('b', 'now')], 'migrations.1.from', /"x" does not begin at/],
    ['a way that goes round', [step('a', 'b'), step('b', 'a')], 'migrations.0.to', /no way leads back/],
    ['a way from here back to here', [step('now', 'b'), step('b', 'now')], 'migrations.0.to', /no way leads back/],
    ['a way to itself', [step('a', 'a')], 'migrations.0.to', /no way leads back/],
    ['a way that ends elsewhere', [step('a', 'now'), step('b', 'c')], 'migrations.1.to', /lead to the present one, version 1 \(now\)/],
    ['an empty name', [step('a', 'now', '')], 'migrations.0.name', /empty/],
    ['a version that is none', [{ ...step('a', 'now'), from: { machineHash: 'a' } }], 'migrations.0.from.machineId', /text|string/],
    ['no function', [{ ...step('a', 'now'), entry: 'x' }], 'migrations.0.entry', /a function/],
  ])('are refused with the place: %s', (_, given, path, problem) => {
    expect(catching(() => createMigrations(given as readonly RunMigration[], now))).toMatchObject({
      code: 'CONFIG_INVALID',
      details: expect.arrayContaining([expect.objectContaining({ path, problem: expect.stringMatching(problem) })]),
    })
  })

  it('are refused with all that is wrong at once', () => {
    const given = [step('a', 'b', 'x'), step('c', 'now', 'x'), step('d', 'd', 'y')]

    expect(catching(() => createMigrations(given, now))).toMatchObject({
      details: [{ path: 'migrations.1.name' }, { path: 'migrations.0.to' }, { path: 'migrations.2.to' }],
    })
  })

  it('are accepted if and only if each version has one way, and that ends here', () => {
    const names = ['a', 'b', 'c', 'd', 'now']
    const edge = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names))
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 6 }), (edges) => {
        const next = new Map(edges)
        // A walk of more steps than there are versions has gone round.
        const reaches = (start: string) => {
          let at: string | undefined = start
          for (let steps = 0; at !== undefined && steps <= names.length; steps++) {
            if (!next.has(at)) return at === 'now'
            at = next.get(at)
          }
          return false
        }
        const isSound = next.size === edges.length && edges.every(([from]) => reaches(from))
        const made = () =>
          createMigrations(
            edges.map(([from, to], index) => step(from, to, `${index}`)),
            now,
          )

        if (!isSound) expect(made).toThrow('cannot be used')
        else for (const [from] of edges) expect(made().chainFrom(charts(from))?.at(-1)?.to).toEqual(charts('now'))
      }),
      { seed: 20_261_122, numRuns: 500 },
    )
  })
})

const RUN = 'run-1'
const started = (identity: MachineIdentity): JournalEntry => ({
  kind: 'started',
  seq: 0,
  at: 0,
  runAt: 0,
  header: { ...identity, policyHash: 'policy', catalogDigest: 'catalog', input: {} },
})
const event = (seq: number, type: string, rest: { readonly inbox?: number } = {}): JournalEntry => ({
  kind: 'event',
  seq,
  at: seq,
  runAt: seq,
  path: '',
  event: { type },
  ...rest,
})
const migratedBy = (seq: number, { name, from, to }: RunMigration): JournalEntry => ({
  kind: 'migrated',
  seq,
  at: seq,
  runAt: seq,
  migration: name,
  from,
  to,
})
const snapshot = (seq: number): JournalEntry => ({ kind: 'snapshot', seq, at: seq, runAt: seq, ref: 'f'.repeat(64) })

/** A store with one run, read with these migrations. */
async function reading(entries: readonly JournalEntry[], given: readonly RunMigration[] = BOTH) {
  const stored = createMemoryJournal()
  const lease = stored.acquire(RUN, { owner: 'test', ttlMs: 60_000, now: 0, create: true })
  await stored.commit({ runId: RUN, token: lease?.token ?? 0, entries })
  return { stored, journal: createMigratingJournal(stored, createMigrations(given)) }
}

const typesOf = (entries: readonly JournalEntry[]) => entries.map((entry) => (isEvent(entry) ? entry.event.type : entry.kind))

describe('records that are read through migrations', () => {
  it('are of the present charts, and stored as they were', async () => {
    const entries = [started(FIRST), event(1, 'run.begin'), event(2, 'action.ok')]
    const { journal, stored } = await reading(entries)

    const read = journal.read(RUN)

    expect(typesOf(read)).toEqual(['started', 'run.start', 'action.approve'])
    expect(read[0]).toMatchObject({ header: { ...machineIdentity(), policyHash: 'policy', catalogDigest: 'catalog' } })
    expect(stored.read(RUN)).toEqual(entries)
    expect(journal.through(RUN).map(({ name }) => name)).toEqual(['first-to-second', 'second-to-now'])
    expect(journal.outstanding(RUN)).toMatchObject({ migrations: [{ name: 'first-to-second' }, { name: 'second-to-now' }], nextSeq: 3 })
  })

  it('are each migrated from the charts that wrote it', async () => {
    const { journal } = await reading([
      started(FIRST),
      event(1, 'run.begin'),
      migratedBy(2, firstToSecond),
      // What the first charts called so is none of the second's events, and stays what it is.
      event(3, 'run.begin'),
      event(4, 'action.ok'),
      migratedBy(5, secondToNow),
      event(6, 'action.ok'),
    ])

    expect(typesOf(journal.read(RUN))).toEqual(['started', 'run.start', 'migrated', 'run.begin', 'action.approve', 'migrated', 'action.ok'])
    expect(journal.outstanding(RUN).migrations).toEqual([])
  })

  it('are the same in parts as in the whole', async () => {
    const { journal } = await reading([
      started(FIRST),
      event(1, 'run.begin'),
      event(2, 'run.ping'),
      migratedBy(3, firstToSecond),
      event(4, 'run.ping'),
      event(5, 'action.ok'),
      migratedBy(6, secondToNow),
      event(7, 'run.ping'),
    ])
    const whole = journal.read(RUN)

    for (let from = 0; from < 9; from++) {
      for (let to = from; to < 9; to++) expect(journal.read(RUN, from, to)).toEqual(whole.filter(({ seq }) => seq >= from && seq <= to))
    }
    expect(whole.map(({ seq }) => seq)).toEqual([0, 1, 3, 5, 6, 7])
  })

  it('no longer name requests that were asked in other words', async () => {
    const { journal } = await reading([started(SECOND), event(1, 'action.ok', { inbox: 4 }), event(2, 'run.cancel', { inbox: 5 })])

    expect(journal.read(RUN).map((entry) => (isEvent(entry) ? entry.inbox : null))).toEqual([null, undefined, 5])
  })

  it('leave out what was put down of the state of older charts', async () => {
    const { journal } = await reading([started(SECOND), snapshot(1), event(2, 'action.ok'), migratedBy(3, secondToNow), snapshot(4)])

    expect(typesOf(journal.read(RUN))).toEqual(['started', 'action.approve', 'migrated', 'snapshot'])
    expect(typesOf(journal.tail(RUN))).toEqual(['snapshot'])
  })

  it('begin at the first where the last snapshot is of older charts', async () => {
    const before = await reading([started(SECOND), snapshot(1), event(2, 'action.ok')])
    const after = await reading([started(SECOND), snapshot(1), event(2, 'action.ok'), migratedBy(3, secondToNow)])

    expect(typesOf(before.journal.tail(RUN))).toEqual(['started', 'action.approve'])
    expect(typesOf(after.journal.tail(RUN))).toEqual(['started', 'action.approve', 'migrated'])
  })

  it('are the very records of the store where there is nothing to migrate', async () => {
    const entries = [started(machineIdentity()), event(1, 'run.begin'), snapshot(2), event(3, 'action.ok')]
    const [none, some] = [await reading(entries, []), await reading(entries)]

    expect(none.journal.read(RUN)).toEqual(entries)
    expect(some.journal.read(RUN)).toEqual(entries)
    expect(some.journal.read(RUN, 2)).toEqual(entries.slice(2))
    expect(some.journal.tail(RUN)).toEqual(entries.slice(2))
  })

  it('of charts from which no way leads here are read as they are', async () => {
    const entries = [started(FIRST), event(1, 'run.begin')]
    const { journal } = await reading(entries, [secondToNow])

    expect(journal.read(RUN)).toEqual(entries)
    expect([journal.through(RUN), journal.outstanding(RUN).migrations]).toEqual([[], []])
  })

  it.each([
    ['none is registered', []],
    ['another one is', [secondToNow]],
  ])('are refused by the name of a migration that is missing: %s', async (_, given) => {
    const { journal } = await reading([started(FIRST), event(1, 'run.begin'), migratedBy(2, firstToSecond), event(3, 'action.ok')], given)

    expect(catching(() => journal.read(RUN))).toMatchObject({
      code: 'RUN_INCOMPATIBLE',
      message: expect.stringContaining('migration "first-to-second"'),
      details: { seq: 2, migration: 'first-to-second' },
    })
  })

  it('are refused when those that follow cannot be migrated', async () => {
    const only = { ...firstToSecond, to: machineIdentity() }
    const { journal } = await reading([started(FIRST), migratedBy(1, firstToSecond), event(2, 'action.ok')], [only])

    expect(catching(() => journal.read(RUN))).toMatchObject({ code: 'RUN_INCOMPATIBLE', message: expect.stringContaining('version 0.2') })
  })

  it('are kept whatever a migration does to what it is given', async () => {
    const wrecks = (entry: JournalEntry) => (isEvent(entry) ? Object.assign(entry, { event: { type: 'changed' } }) : entry)
    const entries = [started(SECOND), event(1, 'action.ok')]
    const { journal, stored } = await reading(entries, [{ ...secondToNow, entry: wrecks }])

    expect(typesOf(journal.read(RUN))).toEqual(['started', 'changed'])
    expect(stored.read(RUN)).toEqual(entries)
  })

  it('keep the policy and the capabilities that the run began with', async () => {
    const frees = (entry: JournalEntry): JournalEntry =>
      entry.kind === 'started' ? { ...entry, header: { ...entry.header, policyHash: 'other', catalogDigest: 'other', input: { more: 1 } } } : entry
    const { journal } = await reading([started(SECOND)], [{ ...secondToNow, entry: frees }])

    expect(journal.read(RUN)[0]).toMatchObject({ header: { policyHash: 'policy', catalogDigest: 'catalog', input: { more: 1 } } })
  })

  const instead = (give: (entry: JournalEntry) => unknown) => ({ ...secondToNow, entry: give as RunMigration['entry'] })
  it.each([
    ['that fails', 0, instead(() => expect.fail('broken')), 'it failed: broken'],
    ['that gives nothing', 0, instead(() => undefined), 'what it gives is no record'],
    ['that gives a promise', 0, instead((entry) => Promise.resolve(entry)), 'what it gives is no record'],
    ['that gives half a record', 1, instead((entry) => (isEvent(entry) ? { ...entry, event: {} } : entry)), 'no record (event.type'],
    ['that moves records', 1, instead((entry) => ({ ...entry, seq: 0 })), 'it moves the record'],
    ['that changes times', 1, instead((entry) => ({ ...entry, at: 0 })), 'it moves the record'],
    ['without a first record', 0, instead(() => null), 'it leaves out a record that is started'],
    ['that makes something else of the first record', 0, instead((entry) => ({ ...event(0, 'x'), at: entry.at })), 'it makes event of a record'],
  ])('are refused with the record, by a migration %s', async (_, seq, migration, problem) => {
    const { journal, stored } = await reading([started(SECOND), event(1, 'action.ok')], [migration])
    const before = stored.read(RUN)

    expect(catching(() => journal.read(RUN))).toMatchObject({
      code: 'RUN_INCOMPATIBLE',
      message: expect.stringContaining(`migration "second-to-now" cannot carry run ${RUN} over: at record ${seq} `),
      details: { runId: RUN, seq, migration: 'second-to-now', problem: expect.stringContaining(problem) },
    })
    expect(stored.read(RUN)).toEqual(before)
  })

  it('of a journal that is an object of a class are read all the same', async () => {
    const { stored } = await reading([started(SECOND), event(1, 'action.ok')])
    const journal = createMigratingJournal(ofClass(stored), createMigrations(BOTH))

    expect(typesOf(journal.read(RUN))).toEqual(['started', 'action.approve'])
    expect([journal.list(), journal.owner(RUN, 0)?.owner, journal.space()]).toEqual([[], 'test', stored.space()])
  })
})

/** The same journal with its methods in a prototype, where a copy of its own properties finds none. */
const ofClass = (journal: Journal): Journal => Object.create(journal)

function catching(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return null
}
