import type { Figure } from '../../../model/report.ts'
import { layOut, type Spot } from './graph-layout.ts'
import { hover, labelWidth, MARGIN, px, shortLabel, svgDocument, text, WIDTH } from './svg.ts'

type Graph = Extract<Figure, { kind: 'graph' }>
type Node = Graph['nodes'][number]
type Edge = Graph['edges'][number]

const LABEL_CHARS = 26
const MIN_HEIGHT = 20
const MAX_HEIGHT = 34
const ROW = 66
const LEGEND = 28

/** From so many edges on, what is not marked steps back further. */
const CROWDED = 80

/** In user units: boxes are up to about 180 wide, and a curve reaches three quarters of its bow. */
const BOW = 90
const BOW_STEP = 24
const BOW_WITHIN = 140

interface Weights {
  readonly heaviest: number
  readonly crowded: boolean
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A directed graph in layers: what is marked is red and on top, everything else stays in the background. */
export function graphSvg(figure: Graph): string {
  const boxes = boxesOf(figure.nodes, figure.edges)
  const bottom = Math.max(0, ...[...boxes.values()].map(({ y, height }) => y + height / 2))
  const edges = [...figure.edges].filter(({ from, to }) => from !== to).sort((a, b) => Number(a.marked) - Number(b.marked))
  const weights = { heaviest: Math.max(1, ...figure.edges.map(({ weight }) => weight)), crowded: figure.edges.length > CROWDED }
  const body = [
    `<defs>${ARROWS}</defs>`,
    ...edges.map((edge) => edgeOf(edge, boxes, weights)),
    ...figure.nodes.map((node) => nodeOf(node, boxes.get(node.id))),
    ...legend(figure, bottom + LEGEND),
  ]
  return svgDocument(figure, { body, height: bottom + LEGEND + 8 })
}

const ARROWS = ['head', 'faint']
  .map(
    (kind) =>
      `<marker id="${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">` +
      `<path class="${kind}" d="M0 0L8 4L0 8z"/></marker>`,
  )
  .join('')

function boxesOf(nodes: readonly Node[], edges: readonly Edge[]): ReadonlyMap<string, Box> {
  const heaviest = Math.max(1, ...nodes.map(({ weight }) => weight))
  const widths = new Map(nodes.map((node) => [node.id, labelWidth(shortLabel(node.label, LABEL_CHARS), node.marked) + 18]))
  const sized = nodes.map(({ id }) => ({ id, width: widths.get(id) ?? 0 }))
  const spots = layOut({ nodes: sized, edges }, WIDTH - 2 * MARGIN)
  return new Map(
    nodes.map((node) => {
      const spot: Spot = spots.get(node.id) ?? { x: 0, row: 0 }
      // The area grows with the weight, as eyes compare areas.
      const height = MIN_HEIGHT + (MAX_HEIGHT - MIN_HEIGHT) * Math.sqrt(node.weight / heaviest)
      return [node.id, { x: MARGIN + spot.x, y: MAX_HEIGHT / 2 + 4 + spot.row * ROW, width: widths.get(node.id) ?? 0, height }]
    }),
  )
}

function nodeOf(node: Node, box: Box | undefined): string {
  if (box === undefined) return ''
  const { x, y, width, height } = box
  const marked = node.marked ? ' marked' : ''
  return [
    `<g>${hover(`${node.label} (${px(node.weight)})`)}`,
    `<rect class="node${marked}" x="${px(x - width / 2)}" y="${px(y - height / 2)}" width="${px(width)}" height="${px(height)}" rx="6"/>`,
    `${text(`label${marked}`, x, y + 4, shortLabel(node.label, LABEL_CHARS), 'middle')}</g>`,
  ].join('')
}

function edgeOf(edge: Edge, boxes: ReadonlyMap<string, Box>, { heaviest, crowded }: Weights): string {
  const from = boxes.get(edge.from)
  const to = boxes.get(edge.to)
  if (from === undefined || to === undefined) return ''
  const width = (edge.marked ? 1.4 : 0.8) + 1.4 * Math.sqrt(edge.weight / heaviest)
  // Downwards is what the legend says; every other direction is shown.
  const arrow = edge.marked ? ' marker-end="url(#head)"' : to.y < from.y ? ' marker-end="url(#faint)"' : ''
  const kind = edge.marked ? 'edge marked' : crowded ? 'edge crowded' : 'edge'
  return `<path class="${kind}" stroke-width="${px(width)}"${arrow} d="${curve(from, to)}">${hover(`${edge.from} → ${edge.to}`)}</path>`
}

/** From the lower edge of the upper box to the upper edge of the lower one; no edge joins two of one row. */
function curve(from: Box, to: Box): string {
  const down = from.y < to.y ? 1 : -1
  // Upwards a little to the right: of two that import each other both can be seen.
  const shift = down === 1 ? 0 : 9
  const [x1, y1] = [from.x + shift, from.y + (down * from.height) / 2]
  const [x2, y2] = [to.x + shift, to.y - (down * to.height) / 2 - down]
  const bend = down * Math.max(26, Math.abs(y2 - y1) * 0.45)
  const bow = bowOf(from, to) * -down
  const [c1, c2] = [x1 + bow, x2 + bow].map((x) => Math.min(WIDTH, Math.max(0, x)))
  return `M${px(x1)} ${px(y1)}C${px(c1 ?? x1)} ${px(y1 + bend)} ${px(c2 ?? x2)} ${px(y2 - bend)} ${px(x2)} ${px(y2)}`
}

/** How far an edge over several rows is bent aside, downwards to the left: straight it would run behind the boxes between. */
function bowOf(from: Box, to: Box): number {
  const rows = Math.abs(to.y - from.y) / ROW
  const across = Math.abs(to.x - from.x)
  return rows < 1.5 || across > BOW_WITHIN ? 0 : (BOW + BOW_STEP * rows) * (1 - across / BOW_WITHIN)
}

function legend({ nodes, edges }: Graph, y: number): string[] {
  const marked = edges.filter((edge) => edge.marked).length
  const counts = `${nodes.length} boxes, the heavier the taller; ${edges.length} edges, downwards where no arrow says otherwise`
  return [
    `<line class="edge" stroke-width="2" x1="${MARGIN}" y1="${px(y - 4)}" x2="${MARGIN + 28}" y2="${px(y - 4)}"/>`,
    text('legend', MARGIN + 36, y, counts),
    ...(marked === 0
      ? []
      : [
          `<line class="edge marked" stroke-width="2" x1="${WIDTH - 150}" y1="${px(y - 4)}" x2="${WIDTH - 122}" y2="${px(y - 4)}"/>`,
          text('legend', WIDTH - 114, y, `${marked} marked`),
        ]),
  ]
}
