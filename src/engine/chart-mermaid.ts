import type { ChartEdge, ChartNode } from './chart.ts'

/**
 * A chart as Mermaid's `stateDiagram-v2`: the hierarchy, what each state invokes, and every transition that leads somewhere.
 * Transitions without a target are left out, and a deep history is drawn as a state `H*`: Mermaid has a sign for neither.
 */
export function toMermaid(chart: readonly ChartNode[]): string {
  const [root] = chart
  if (root === undefined) return 'stateDiagram-v2\n'
  const ids = uniqueIds(chart)
  const idOf = (id: string): string => ids.get(id) ?? wordOf(id)
  const boxed = root.edges.some(({ targets }) => targets.length > 0)
  const states = boxed ? drawState(root, chart, idOf) : drawChildren(root, chart, idOf)
  // Transitions come last and outside all boxes: written inside one, Mermaid would move their ends into it.
  const services = new Map(chart.flatMap(({ invokes }) => invokes.map(({ id, src }) => [id, src])))
  const edges = chart.flatMap((node) => node.edges.flatMap((edge) => drawEdge(node, edge, idOf, services)))
  return ['stateDiagram-v2', ...[...states, ...edges].map((line) => `  ${line}`), ''].join('\n')
}

type IdOf = (id: string) => string

function drawState(node: ChartNode, chart: readonly ChartNode[], idOf: IdOf): readonly string[] {
  const declaration = `state "${escapeLabel(titleOf(node))}" as ${idOf(node.id)}`
  const invokes = node.invokes.map(({ src }) => `invoke ${src}`)
  const children = drawChildren(node, chart, idOf)
  if (children.length === 0) return [declaration, ...invokes.map((text) => `${idOf(node.id)} : ${escapeLabel(text)}`)]
  const title = [titleOf(node), ...invokes].join(' · ')
  return [`state "${escapeLabel(title)}" as ${idOf(node.id)} {`, ...children.map((line) => `  ${line}`), '}']
}

function drawChildren(node: ChartNode, chart: readonly ChartNode[], idOf: IdOf): readonly string[] {
  const children = chart.filter(({ path }) => path.length === node.path.length + 1 && node.path.every((key, depth) => path[depth] === key))
  const drawn = children.map((child) => [
    ...(node.initial?.target === child.id ? [`[*] --> ${idOf(child.id)}`] : []),
    ...drawState(child, chart, idOf),
    ...(child.type === 'final' ? [`${idOf(child.id)} --> [*]`] : []),
  ])
  return node.type === 'parallel' ? drawn.flatMap((region, index) => (index === 0 ? region : ['--', ...region])) : drawn.flat()
}

function drawEdge(source: ChartNode, edge: ChartEdge, idOf: IdOf, services: ReadonlyMap<string, string>): readonly string[] {
  const label = escapeLabel(labelOf(edge, services))
  return edge.targets.map((target) => `${idOf(source.id)} --> ${idOf(target)}${label === '' ? '' : ` : ${label}`}`)
}

function titleOf(node: ChartNode): string {
  if (node.type === 'history') return node.history === 'deep' ? 'H*' : 'H'
  return node.path.at(-1) ?? node.id
}

function labelOf({ event, guard, delay }: ChartEdge, services: ReadonlyMap<string, string>): string {
  const what = delay === null ? eventInWords(event, services) : `after ${delay}${typeof delay === 'number' ? ' ms' : ''}`
  return [what, guard === null ? '' : `[${guard}]`].filter((part) => part !== '').join(' ')
}

/** XState's own event names, told as `done execute`, `error execute`; other names as they are. */
function eventInWords(event: string, services: ReadonlyMap<string, string>): string {
  const internal = /^xstate\.(done|error|snapshot)\.(?:actor|state)\.(.*)$/.exec(event)
  if (internal === null) return event
  const [, verb = '', id = ''] = internal
  return `${verb} ${services.get(id) ?? id}`
}

function uniqueIds(chart: readonly ChartNode[]): ReadonlyMap<string, string> {
  const taken = new Set<string>()
  return new Map(
    chart.map(({ id }) => {
      const free = [wordOf(id), ...chart.map((_, index) => `${wordOf(id)}_${index}`)].find((word) => !taken.has(word)) ?? wordOf(id)
      taken.add(free)
      return [id, free]
    }),
  )
}

/** As a word of Mermaid; the machine's id in front keeps it apart from Mermaid's own words. */
function wordOf(id: string): string {
  return id.replace(/\W/g, '_')
}

/** Text that Mermaid shows as it is: what it would read as syntax becomes an entity. */
function escapeLabel(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/["#%:;<>{}\\]/g, (sign) => `#${sign.charCodeAt(0)};`)
}
