/** What the layout must know of a graph. */
export interface LayoutGraph {
  readonly nodes: readonly { readonly id: string; readonly width: number }[]
  readonly edges: readonly { readonly from: string; readonly to: string }[]
}

/** Where a node's middle is, and in which row. */
export interface Spot {
  readonly x: number
  readonly row: number
}

/** Sweeps over the layers; the order hardly changes after so many. */
const SWEEPS = 8
const GAP = 14

/**
 * A layered layout: who imports stands above what it imports, cycles aside, and layers that are too wide for `width` go on in the next
 * row. Deterministic: the same graph in the same order gives the same spots.
 */
export function layOut(graph: LayoutGraph, width: number): ReadonlyMap<string, Spot> {
  const forward = withoutBackEdges(graph)
  const layers = ordered(layered(graph, forward), forward)
  const widths = new Map(graph.nodes.map((node) => [node.id, node.width]))
  const rows = layers.flatMap((layer) => intoRows(layer, widths, width))
  return new Map(rows.flatMap((row, index) => spread(row, widths, width).map(([id, x]) => [id, { x, row: index }] as const)))
}

type Edges = ReadonlyMap<string, readonly string[]>

/** Edges that lead to no node that is still being visited: without the others there is no cycle. */
function withoutBackEdges({ nodes, edges }: LayoutGraph): Edges {
  const all = new Map<string, string[]>(nodes.map(({ id }) => [id, []]))
  const balance = new Map(nodes.map(({ id }) => [id, 0]))
  for (const { from, to } of edges) {
    if (from === to) continue
    all.get(from)?.push(to)
    balance.set(to, (balance.get(to) ?? 0) + 1)
    balance.set(from, (balance.get(from) ?? 0) - 1)
  }
  const kept = new Map<string, string[]>(nodes.map(({ id }) => [id, []]))
  const open = new Set<string>()
  const closed = new Set<string>()
  // From those that lead to more than leads to them: what is in a cycle is entered where a reader would. The sort is stable.
  const starts = nodes.map(({ id }) => id).sort((a, b) => (balance.get(a) ?? 0) - (balance.get(b) ?? 0))
  for (const start of starts) {
    if (closed.has(start)) continue
    const path: { readonly id: string; next: number }[] = [{ id: start, next: 0 }]
    open.add(start)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = all.get(top.id)?.[top.next]
      top.next += 1
      if (to === undefined) {
        open.delete(top.id)
        closed.add(top.id)
        path.pop()
      } else if (!open.has(to)) {
        kept.get(top.id)?.push(to)
        if (!closed.has(to)) {
          open.add(to)
          path.push({ id: to, next: 0 })
        }
      }
    }
  }
  return kept
}

/** Each node one layer below the lowest that leads to it; nodes without edges in a last layer of their own. */
function layered({ nodes, edges }: LayoutGraph, forward: Edges): string[][] {
  const waiting = new Map(nodes.map(({ id }) => [id, 0]))
  for (const targets of forward.values()) for (const to of targets) waiting.set(to, (waiting.get(to) ?? 0) + 1)
  const depth = new Map<string, number>()
  const ready = nodes.map(({ id }) => id).filter((id) => waiting.get(id) === 0)
  for (const id of ready) {
    const own = depth.get(id) ?? 0
    depth.set(id, own)
    for (const to of forward.get(id) ?? []) {
      depth.set(to, Math.max(depth.get(to) ?? 0, own + 1))
      const left = (waiting.get(to) ?? 0) - 1
      waiting.set(to, left)
      if (left === 0) ready.push(to)
    }
  }
  const joined = new Set(edges.flatMap(({ from, to }) => [from, to]))
  const layers: string[][] = []
  const alone: string[] = []
  for (const { id } of nodes) {
    if (!joined.has(id)) alone.push(id)
    else (layers[depth.get(id) ?? 0] ??= []).push(id)
  }
  return [...layers, alone].filter((layer) => layer.length > 0)
}

/** Orders each layer by where its neighbours stand, down and up again, so that fewer edges cross. */
function ordered(layers: readonly string[][], forward: Edges): string[][] {
  const backward = new Map<string, string[]>()
  for (const [from, targets] of forward) for (const to of targets) backward.set(to, [...(backward.get(to) ?? []), from])
  let current = layers.map((layer) => [...layer])
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const place = new Map(current.flatMap((layer) => layer.map((id, at) => [id, (at + 0.5) / layer.length] as const)))
    const towards = sweep % 2 === 0 ? backward : forward
    current = current.map((layer) => {
      const pull = new Map(layer.map((id) => [id, middleOf(towards.get(id) ?? [], place) ?? place.get(id) ?? 0]))
      const next = [...layer].sort((a, b) => (pull.get(a) ?? 0) - (pull.get(b) ?? 0))
      for (const [at, id] of next.entries()) place.set(id, (at + 0.5) / next.length)
      return next
    })
  }
  return current
}

function middleOf(ids: readonly string[], place: ReadonlyMap<string, number>): number | null {
  return ids.length === 0 ? null : ids.reduce((sum, id) => sum + (place.get(id) ?? 0), 0) / ids.length
}

/** A layer in as few rows as fit the width, each about as full as the others. */
function intoRows(layer: readonly string[], widths: ReadonlyMap<string, number>, width: number): string[][] {
  const widthOf = (id: string): number => (widths.get(id) ?? 0) + GAP
  const total = layer.reduce((sum, id) => sum + widthOf(id), 0)
  const count = Math.ceil(total / width)
  const share = total / count
  const rows: string[][] = []
  let used = Infinity
  for (const id of layer) {
    const own = widthOf(id)
    const isFull = used + own > width || (used + own / 2 > share && rows.length < count)
    if (isFull) {
      rows.push([id])
      used = own
    } else {
      rows.at(-1)?.push(id)
      used += own
    }
  }
  return rows
}

function spread(row: readonly string[], widths: ReadonlyMap<string, number>, width: number): (readonly [string, number])[] {
  const taken = row.reduce((sum, id) => sum + (widths.get(id) ?? 0), 0)
  const gap = (width - taken) / (row.length + 1)
  let left = 0
  return row.map((id) => {
    const own = widths.get(id) ?? 0
    const x = left + gap + own / 2
    left += gap + own
    return [id, x] as const
  })
}
