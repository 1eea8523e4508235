import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Figure } from '../../../../src/model/report.ts'
import { figureSvg } from '../../../../src/services/telemetry/figures/figures.ts'
import { layOut } from '../../../../src/services/telemetry/figures/graph-layout.ts'
import { scaleOf } from '../../../../src/services/telemetry/figures/scale.ts'
import { xmlProblem } from './xml.ts'

type Graph = Extract<Figure, { kind: 'graph' }>
type Scatter = Extract<Figure, { kind: 'scatter' }>

const BROWSER = 'chromium'

const graph = (changes: Partial<Graph> = {}): Graph => ({
  kind: 'graph',
  name: 'import-graph',
  title: 'Import graph',
  note: 'Each box is a module.',
  nodes: ['a', 'b', 'c'].map((id) => ({ id, label: `src/${id}.ts`, weight: 2, marked: id !== 'c' })),
  edges: [
    { from: 'a', to: 'b', weight: 1, marked: true },
    { from: 'b', to: 'a', weight: 1, marked: true },
    { from: 'b', to: 'c', weight: 1, marked: false },
  ],
  ...changes,
})
const scatter = (changes: Partial<Scatter> = {}): Scatter => ({
  kind: 'scatter',
  name: 'hotspots',
  title: 'Hotspots',
  note: '',
  xLabel: 'commits',
  yLabel: 'lines',
  points: [1, 2, 3].map((x) => ({ label: `p${x}`, x, y: 10 * x, marked: x === 3 })),
  ...changes,
})

const text = fc.string({ unit: 'binary', maxLength: 40 })
const weight = fc.double({ min: 0, max: 1e12, noNaN: true })
const graphs = fc
  .record({
    title: text,
    note: text,
    labels: fc.array(text, { maxLength: 40 }),
    ends: fc.array(fc.tuple(fc.nat(), fc.nat(), weight, fc.boolean()), { maxLength: 80 }),
  })
  .map(({ title, note, labels, ends }) => {
    const nodes = labels.map((label, index) => ({ id: `n${index}`, label, weight: index, marked: index % 3 === 0 }))
    const edges =
      nodes.length === 0
        ? []
        : ends.map(([from, to, heavy, marked]) => ({ from: `n${from % nodes.length}`, to: `n${to % nodes.length}`, weight: heavy, marked }))
    return graph({ title, note, nodes, edges })
  })
const scatters = fc
  .record({
    title: text,
    note: text,
    xLabel: text,
    yLabel: text,
    points: fc.array(fc.record({ label: text, x: weight, y: weight, marked: fc.boolean() }), { maxLength: 60 }),
  })
  .map((parts) => scatter(parts))

describe('a picture', () => {
  it('is well-formed, the same each time, and fetches and runs nothing, whatever its texts are', () => {
    fc.assert(
      fc.property(fc.oneof(graphs, scatters), (figure) => {
        const svg = figureSvg(figure)

        expect(xmlProblem(svg)).toBeNull()
        expect(svg).toBe(figureSvg(structuredClone(figure)))
        expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
          /<script|<foreignObject|\shref=|\son\w+=|url\((?!#)|@import|NaN|Infinity|undefined/,
        )
      }),
      { numRuns: 150 },
    )
  })

  it('says title and note, and follows the colours of its reader', () => {
    const svg = figureSvg(graph({ title: 'A <b> & "c"' }))

    expect(svg).toContain('<title>A &lt;b&gt; &amp; &quot;c&quot;</title>')
    expect(svg).toContain('Each box is a module.')
    expect(svg).toContain('prefers-color-scheme:dark')
  })

  it('says the whole of a long label when the pointer rests on it', () => {
    const label = `src/${'deep/'.repeat(10)}module.ts`

    const svg = figureSvg(graph({ nodes: [{ id: 'a', label, weight: 1, marked: false }], edges: [] }))

    expect(svg).toContain(`<title>${label} (1)</title>`)
    expect(svg).toMatch(/>…[^<]*deep\/module\.ts<\/text>/)
  })

  it.skipIf(spawnSync(BROWSER, ['--version']).status !== 0)(
    'is taken by a browser',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'planner-exec-figures-'))
      try {
        for (const figure of [graph({ title: '<&>"\'\u0000\ufffe' }), scatter()]) {
          const file = join(folder, `${figure.name}.svg`)
          writeFileSync(file, figureSvg(figure))

          const { stdout } = spawnSync(
            BROWSER,
            ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder}/profile`, '--dump-dom', `file://${file}`],
            { encoding: 'utf8' },
          )

          expect(stdout).toContain(`</svg>`)
          expect(stdout).toContain(figure.kind === 'graph' ? 'src/c.ts' : 'lines')
          expect(stdout).not.toContain('parsererror')
        }
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
    60_000,
  )
})

describe('a graph', () => {
  it('draws what is marked over what is not', () => {
    const kinds = [...figureSvg(graph()).matchAll(/<path class="(edge[^"]*)"/g)].map((match) => match[1])

    expect(kinds).toEqual(['edge', 'edge marked', 'edge marked'])
  })

  it('keeps boxes apart, inside the page, and whoever imports above what it imports, but for cycles', () => {
    const sizes = fc.array(fc.integer({ min: 20, max: 200 }), { minLength: 1, maxLength: 60 })
    const ends = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 200 })

    fc.assert(
      fc.property(sizes, ends, fc.boolean(), (widths, pairs, isAcyclic) => {
        const nodes = widths.map((width, index) => ({ id: String(index), width }))
        const edges = pairs
          .map(([a, b]) => [a % nodes.length, b % nodes.length] as const)
          .filter(([a, b]) => !isAcyclic || a < b)
          .map(([a, b]) => ({ from: String(a), to: String(b) }))

        const spots = layOut({ nodes, edges }, 912)

        const boxes = nodes.map(({ id, width }) => ({ width, spot: spots.get(id) ?? { x: NaN, row: NaN } }))
        for (const { width, spot } of boxes) {
          expect(spot.x - width / 2).toBeGreaterThanOrEqual(0)
          expect(spot.x + width / 2).toBeLessThanOrEqual(912)
        }
        const sorted = boxes.toSorted((a, b) => a.spot.row - b.spot.row || a.spot.x - b.spot.x)
        for (const [at, box] of sorted.entries()) {
          const next = sorted[at + 1]
          if (next?.spot.row === box.spot.row) expect(next.spot.x - next.width / 2).toBeGreaterThanOrEqual(box.spot.x + box.width / 2)
        }
        for (const { from, to } of edges) {
          const [upper, lower] = [spots.get(from)?.row ?? NaN, spots.get(to)?.row ?? NaN]
          if (isAcyclic) expect(lower).toBeGreaterThan(upper)
          else if (from !== to) expect(lower).not.toBe(upper)
        }
      }),
    )
  })

  it('with the most nodes and edges there may be is drawn in a moment', () => {
    const nodes = Array.from({ length: 200 }, (_, index) => ({ id: `n${index}`, label: `src/m${index}.ts`, weight: index, marked: false }))
    const edges = Array.from({ length: 2_000 }, (_, index) => ({
      from: `n${(index * 7) % 200}`,
      to: `n${(index * 13 + 5) % 200}`,
      weight: 1,
      marked: false,
    }))
    const began = performance.now()

    expect(figureSvg(graph({ nodes, edges })).length).toBeLessThan(1_000_000)

    expect(performance.now() - began).toBeLessThan(2_000)
  })
})

describe('an axis', () => {
  it.each([
    ['even values', [1, 2, 3, 4, 5], false, [0, 1, 2, 3, 4, 5]],
    ['one value far out', [1, 1, 2, 3, 900], true, [0, 1, 3, 10, 30, 100, 300]],
    ['nothing but zeros', [0, 0], false, [0, 1]],
    ['no values', [], false, [0, 1]],
    ['thousands', [2_400, 1_900, 700], false, [0, 500, 1_000, 1_500, 2_000, 2_500]],
  ])('of %s', (_, values, isLog, ticks) => {
    const scale = scaleOf(values, 0, 100)

    expect(scale.isLog).toBe(isLog)
    expect(scale.ticks).toEqual(ticks)
  })

  it('keeps the order of values, inside its ends', () => {
    fc.assert(
      fc.property(fc.array(weight, { minLength: 2, maxLength: 30 }), (values) => {
        const scale = scaleOf(values, 0, 100)
        const places = values.toSorted((a, b) => a - b).map((value) => scale.at(value))

        expect(places).toEqual(places.toSorted((a, b) => a - b))
        expect(Math.min(...places)).toBeGreaterThanOrEqual(0)
        expect(Math.max(...places)).toBeLessThanOrEqual(100.000001)
        expect(scale.ticks.length).toBeLessThan(20)
      }),
    )
  })
})
