import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/model/json.ts'
import { digestOf } from '../../../src/model/digest.ts'
import type { ResearchRead } from '../../../src/services/oracle/oracle.ts'
import { factsFrom, readFor } from '../../../src/services/oracle/facts.ts'
import { runResearch, type ResearchOptions } from '../../../src/services/oracle/research.ts'
import { catalog } from './oracle.fixture.ts'

const read = (path: string): ResearchRead => ({ capability: 'file.read.v1', args: { path }, question: `What is in ${path}?` })
const research = (options: Partial<ResearchOptions>) =>
  runResearch({ reads: [], catalog, run: async (_, args) => ({ read: args['path'] ?? null }), signal: new AbortController().signal, ...options })

describe('runResearch', () => {
  it('keeps what each read says, in the order of the questions', async () => {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const run = async (_: string, args: JsonObject): Promise<JsonObject> => {
      if (args['path'] === 'a') await released
      else release()
      return { is: args['path'] ?? null }
    }

    const { evidence, gaps } = await research({ reads: [read('a'), read('b')], run })

    expect(evidence).toEqual([
      { id: 'e1', source: 'file.read.v1 a', sha256: digestOf({ is: 'a' }), quote: '{"is":"a"}' },
      { id: 'e2', source: 'file.read.v1 b', sha256: digestOf({ is: 'b' }), quote: '{"is":"b"}' },
    ])
    expect(gaps).toEqual([])
  })

  it('does three reads at a time', async () => {
    let running = 0
    let most = 0
    const run = async (): Promise<JsonObject> => {
      most = Math.max(most, (running += 1))
      await Promise.resolve()
      running -= 1
      return {}
    }

    await research({ reads: ['a', 'b', 'c', 'd', 'e'].map(read), run })

    expect(most).toBe(3)
  })

  it('refuses what is not read-only, and runs nothing of it', async () => {
    const ran: string[] = []
    const reads = ['file.write.v1', 'no.such.v1', 'disk.wipe.v1'].map((capability) => ({ capability, args: {}, question: 'Why?' }))

    const { evidence, gaps } = await research({ reads, run: async (capability) => (ran.push(capability), {}) })

    expect(ran).toEqual([])
    expect(evidence).toEqual([])
    expect(gaps).toEqual([
      'Why? Not known: file.write.v1 — research only reads, and this is of effect idempotent.',
      'Why? Not known: no.such.v1 — there is no such capability.',
      'Why? Not known: disk.wipe.v1 — research only reads, and this is of effect external.',
    ])
  })

  it('makes a gap of a read that fails, or answers what is not JSON', async () => {
    const run = async (_: string, args: JsonObject): Promise<JsonObject> => {
      if (args['path'] === 'a') throw new Error('it is gone.')
      return { text: args['path'] === 'b' ? 'bad\ud800' : 'good' }
    }

    const { evidence, gaps } = await research({ reads: ['a', 'b', 'c'].map(read), run })

    expect(evidence.map(({ id, source }) => `${id} ${source}`)).toEqual(['e1 file.read.v1 c'])
    expect(gaps).toEqual(['What is in a? Not known: file.read.v1 a — it is gone.', expect.stringContaining('its answer is not JSON')])
  })

  it('reads the same thing once, and at most as much as it may', async () => {
    const { evidence, gaps } = await research({ reads: ['a', 'a', 'b', 'c'].map(read), maxReads: 2 })

    expect(evidence.map(({ source }) => source)).toEqual(['file.read.v1 a', 'file.read.v1 b'])
    expect(gaps).toEqual(['What is in c? Not known: file.read.v1 c — research is limited to 2 reads.'])
  })

  it('ends when the signal aborts, whatever its reads do', async () => {
    const stop = new AbortController()
    const run = (): Promise<JsonObject> => {
      stop.abort()
      return new Promise(() => {})
    }

    const { evidence, gaps } = await research({ reads: ['a', 'b', 'c', 'd'].map(read), run, signal: stop.signal })

    expect(evidence).toEqual([])
    expect(gaps).toHaveLength(4)
    expect(gaps[0]).toContain('research was stopped')
  })

  it('quotes at most 200 characters and cuts none in half', async () => {
    const { evidence } = await research({ reads: [read('a')], run: async () => ({ t: '😀'.repeat(200) }) })

    expect(evidence[0]?.quote.length).toBeLessThanOrEqual(200)
    expect(evidence[0]?.quote).not.toMatch(/\p{Surrogate}/u)
  })
})

describe('factsFrom', () => {
  const says = (need: string, output: JsonObject) => research({ catalog: anyRead, reads: [readFor(need)], run: async () => output })
  const anyRead = { ...catalog, get: () => catalog.get('file.read.v1') }

  it.each<[string, JsonObject, boolean]>([
    ['package.json', { path: 'package.json', exists: true, type: 'file', bytes: 3 }, true],
    ['package.json', { path: 'package.json', exists: false, type: null, bytes: null }, false],
    ['**/*.py', { filesSearched: 1, matches: [{ file: '"exists":false', line: 1, text: '' }] }, true],
    ['**/*.py', { filesSearched: 0, matches: [] }, false],
  ])('knows of %s from %j', async (need, output, there) => {
    const { evidence } = await says(need, output)

    expect(factsFrom(evidence).exists(need)).toBe(there)
  })

  it('does not know what was not read', () => {
    const facts = factsFrom([])

    expect([facts.git, facts.exists('a'), facts.exists('*.py')]).toEqual([null, null, null])
  })
})
