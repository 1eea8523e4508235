import type { JsonObject } from '../../../model/json.ts'
import { Figure } from '../../../model/report.ts'
import { graphSvg } from './graph-svg.ts'
import { scatterSvg } from './scatter-svg.ts'

/** The `figures` of one output; what is no figure, or a graph with edges to nowhere, is counted in `malformed` and left out. */
export function figuresIn(output: JsonObject | null): { readonly figures: readonly Figure[]; readonly malformed: number } {
  const claimed = output?.['figures']
  if (!Array.isArray(claimed)) return { figures: [], malformed: claimed === undefined ? 0 : 1 }
  const figures = claimed.flatMap((item) => {
    const parsed = Figure.safeParse(item)
    return parsed.success && isWhole(parsed.data) ? [parsed.data] : []
  })
  return { figures, malformed: claimed.length - figures.length }
}

/** Figures as they are called in the report: of those with one name the later get `-2`, `-3` …, as each becomes a file. */
export function withDistinctNames(figures: readonly Figure[]): Figure[] {
  const taken = new Set<string>()
  return figures.map((figure) => {
    let name = figure.name
    for (let number = 2; taken.has(name); number += 1) name = `${figure.name.slice(0, 60)}-${number}`
    taken.add(name)
    return { ...figure, name }
  })
}

/** A figure as a standalone SVG document. */
export function figureSvg(figure: Figure): string {
  return figure.kind === 'graph' ? graphSvg(figure) : scatterSvg(figure)
}

function isWhole(figure: Figure): boolean {
  if (figure.kind !== 'graph') return true
  const ids = new Set(figure.nodes.map(({ id }) => id))
  return ids.size === figure.nodes.length && figure.edges.every(({ from, to }) => ids.has(from) && ids.has(to))
}
