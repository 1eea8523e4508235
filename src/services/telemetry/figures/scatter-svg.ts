import type { Figure } from '../../../model/report.ts'
import { oneLine } from '../../../input/terminal-text.ts'
import { scaleOf, type Scale } from './scale.ts'
import { hover, labelWidth, MARGIN, px, shortLabel, svgDocument, text, WIDTH } from './svg.ts'

type Scatter = Extract<Figure, { kind: 'scatter' }>
type Point = Scatter['points'][number]

const LEFT = 84
const RIGHT = WIDTH - MARGIN
const TOP = 12
const BOTTOM = 440
const LABEL_CHARS = 34
/** Points named besides the marked ones: those farthest out. */
const NAMED = 8
const LEADING = 14

interface Area {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Points in two dimensions; the marked ones, and those farthest out, are named where there is room. */
export function scatterSvg(figure: Scatter): string {
  const x = scaleOf(
    figure.points.map((point) => point.x),
    LEFT,
    RIGHT,
  )
  const y = scaleOf(
    figure.points.map((point) => point.y),
    BOTTOM,
    TOP,
  )
  const points = [...figure.points].sort((a, b) => Number(a.marked) - Number(b.marked))
  const body = [
    ...x.ticks.flatMap((tick) => [line('grid', x.at(tick), TOP, x.at(tick), BOTTOM), text('tick', x.at(tick), BOTTOM + 18, tickOf(tick), 'middle')]),
    ...y.ticks.flatMap((tick) => [line('grid', LEFT, y.at(tick), RIGHT, y.at(tick)), text('tick', LEFT - 8, y.at(tick) + 4, tickOf(tick), 'end')]),
    line('rule', LEFT, BOTTOM, RIGHT, BOTTOM),
    line('rule', LEFT, TOP, LEFT, BOTTOM),
    text('axis', (LEFT + RIGHT) / 2, BOTTOM + 42, axisOf(figure.xLabel, x), 'middle'),
    `<g transform="translate(${MARGIN + 6} ${(TOP + BOTTOM) / 2}) rotate(-90)">${text('axis', 0, 0, axisOf(figure.yLabel, y), 'middle')}</g>`,
    ...points.map((point) => pointOf(point, x, y, figure)),
    ...labels(points, x, y),
    ...legend(figure, BOTTOM + 68),
  ]
  return svgDocument(figure, { body, height: BOTTOM + 76 })
}

function pointOf(point: Point, x: Scale, y: Scale, { xLabel, yLabel }: Scatter): string {
  const told = `${point.label}: ${xLabel} ${point.x}, ${yLabel} ${point.y}`
  return `<circle class="point${point.marked ? ' marked' : ''}" cx="${px(x.at(point.x))}" cy="${px(y.at(point.y))}" r="${point.marked ? 6 : 4.5}">${hover(told)}</circle>`
}

/** Labels that cover neither points nor each other; those without room are left to the hover text. */
function labels(points: readonly Point[], x: Scale, y: Scale): string[] {
  const spots = points.map((point) => ({ point, cx: x.at(point.x), cy: y.at(point.y) }))
  const reach = ({ cx, cy }: { readonly cx: number; readonly cy: number }): number => (cx - LEFT) / (RIGHT - LEFT) + (BOTTOM - cy) / (BOTTOM - TOP)
  const outermost = spots
    .filter(({ point }) => !point.marked)
    .sort((a, b) => reach(b) - reach(a))
    .slice(0, NAMED)
  const wanted = [...spots.filter(({ point }) => point.marked).sort((a, b) => reach(b) - reach(a)), ...outermost]
  const taken: Area[] = spots.map(({ cx, cy }) => ({ left: cx - 6, right: cx + 6, top: cy - 6, bottom: cy + 6 }))
  return wanted.flatMap(({ point, cx, cy }) => {
    const label = shortLabel(point.label, LABEL_CHARS)
    const place = placesAround(cx, cy, labelWidth(label, point.marked)).find(
      (area) => isInside(area) && taken.every((other) => !overlap(area, other)),
    )
    if (place === undefined) return []
    taken.push(place)
    return [...leadLine(cx, cy, place), text(`label${point.marked ? ' marked' : ''}`, place.left + 2, place.bottom - 3, label)]
  })
}

/** Beside the point first, then above and below, then farther away. */
function placesAround(cx: number, cy: number, width: number): Area[] {
  const at = (left: number, middle: number): Area => ({ left, right: left + width + 4, top: middle - LEADING / 2, bottom: middle + LEADING / 2 })
  const near = [at(cx + 8, cy), at(cx - width - 12, cy), at(cx - width / 2, cy - 15), at(cx - width / 2, cy + 15)]
  const far = [1, 2, 3, 4].flatMap((step) =>
    [-1, 1].flatMap((side) => [at(cx + 14, cy + side * step * LEADING), at(cx - width - 18, cy + side * step * LEADING)]),
  )
  return [...near, ...far]
}

/** From a point to a label that is not beside it. */
function leadLine(cx: number, cy: number, place: Area): string[] {
  const middle = (place.top + place.bottom) / 2
  if (Math.abs(middle - cy) <= 15) return []
  return [line('lead', cx, cy, place.left > cx ? place.left : place.right, middle)]
}

function isInside(area: Area): boolean {
  return area.left >= LEFT && area.right <= RIGHT + MARGIN - 4 && area.top >= 0 && area.bottom <= BOTTOM
}

function overlap(a: Area, b: Area): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

function legend({ points }: Scatter, y: number): string[] {
  const marked = points.filter((point) => point.marked).length
  return [
    `<circle class="point" cx="${LEFT + 6}" cy="${px(y - 4)}" r="4.5"/>`,
    text('legend', LEFT + 18, y, `${points.length} points`),
    ...(marked === 0
      ? []
      : [`<circle class="point marked" cx="${LEFT + 126}" cy="${px(y - 4)}" r="6"/>`, text('legend', LEFT + 138, y, `${marked} marked`)]),
  ]
}

function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${kind}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`
}

function axisOf(label: string, { isLog }: Scale): string {
  return `${oneLine(label, 80)}${isLog ? ' (logarithmic)' : ''}`
}

function tickOf(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
