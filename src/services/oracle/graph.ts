/** What the graph needs of a step. */
export interface GraphStep {
  readonly id: string
  readonly dependsOn: readonly string[]
}

/** A plan's steps by position, and who waits for whom. Building it and every question to it is iterative: depth costs no stack. */
export interface StepGraph {
  /** Position of the first step of each id. */
  readonly index: ReadonlyMap<string, number>
  /** Positions each step waits for; unknown ids and itself left out. */
  readonly dependencies: readonly (readonly number[])[]
  /** Steps in an order in which dependencies come first; steps of one cycle stand together. */
  readonly order: readonly number[]
  /** The cycle (or single step) each step belongs to; what a step waits for has a smaller number, or the same within a cycle. */
  readonly component: Int32Array
}

export function graphOf(steps: readonly GraphStep[]): StepGraph {
  const index = new Map<string, number>()
  for (const [position, step] of steps.entries()) if (!index.has(step.id)) index.set(step.id, position)
  const dependencies = steps.map((step, position) => {
    const known = step.dependsOn.map((id) => index.get(id)).filter((at) => at !== undefined)
    return [...new Set(known)].filter((at) => at !== position)
  })
  return { index, dependencies, ...componentsOf(dependencies) }
}

/** One cycle of each group of steps that wait for each other, in the order of waiting, each starting at its first step. */
export function cyclesOf(graph: StepGraph): readonly (readonly number[])[] {
  const members = new Map<number, number[]>()
  for (const position of graph.order) {
    const component = graph.component[position] ?? 0
    const group = members.get(component)
    if (group === undefined) members.set(component, [position])
    else group.push(position)
  }
  return [...members.values()]
    .filter((group) => group.length > 1)
    .map((group) =>
      cycleThrough(
        graph,
        group.reduce((a, b) => Math.min(a, b)),
      ),
    )
}

/**
 * For each pair whether the second step comes after the first, directly or not. Pairs that are not direct are answered together,
 * 32 different first steps to one pass over the graph.
 */
export function comesAfter(graph: StepGraph, pairs: readonly (readonly [first: number, second: number])[]): readonly boolean[] {
  const answers = pairs.map(([first, second]) => first !== second && (graph.dependencies[second]?.includes(first) ?? false))
  const open = new Map<number, number[]>()
  for (const [at, [first, second]] of pairs.entries()) {
    if (answers[at] === true || first === second || numberOf(graph, first) > numberOf(graph, second)) continue
    const group = open.get(first)
    if (group === undefined) open.set(first, [at])
    else group.push(at)
  }
  const firsts = [...open.keys()].toSorted((a, b) => numberOf(graph, a) - numberOf(graph, b))
  const start = startsOf(graph)
  for (let from = 0; from < firsts.length; from += 32) {
    const batch = firsts.slice(from, from + 32)
    const last = Math.max(...batch.map((first) => maxOf(open.get(first) ?? [], (at) => numberOf(graph, pairs[at]?.[1] ?? 0))))
    const reached = spread(graph, start, batch, last)
    for (const [bit, first] of batch.entries()) {
      for (const at of open.get(first) ?? []) answers[at] = ((reached[numberOf(graph, pairs[at]?.[1] ?? 0)] ?? 0) & (1 << bit)) !== 0
    }
  }
  return answers
}

/** A value for each step that is folded from its own and those of everything it waits for; steps of a cycle share one. */
export function inherit(graph: StepGraph, own: (position: number) => number, join: (a: number, b: number) => number): (position: number) => number {
  const values = new Float64Array(graph.component.length)
  for (const position of graph.order) {
    const component = numberOf(graph, position)
    let value = join(values[component] ?? 0, own(position))
    for (const dependency of graph.dependencies[position] ?? []) value = join(value, values[numberOf(graph, dependency)] ?? 0)
    values[component] = value
  }
  return (position) => values[numberOf(graph, position)] ?? 0
}

/** The largest sum of weights along any chain of dependencies. Cycles count each step once. */
export function longestChain(graph: StepGraph, weight: (position: number) => number): number {
  const until = new Float64Array(graph.component.length)
  let longest = 0
  for (const position of graph.order) {
    let before = 0
    for (const dependency of graph.dependencies[position] ?? []) before = Math.max(before, until[dependency] ?? 0)
    until[position] = before + weight(position)
    longest = Math.max(longest, until[position] ?? 0)
  }
  return longest
}

function numberOf(graph: StepGraph, position: number): number {
  return graph.component[position] ?? 0
}

function maxOf(values: readonly number[], measure: (value: number) => number): number {
  let max = 0
  for (const value of values) max = Math.max(max, measure(value))
  return max
}

/** Where in `order` each component begins. */
function startsOf(graph: StepGraph): Int32Array {
  const starts = new Int32Array(graph.order.length + 1).fill(graph.order.length)
  for (const [at, position] of graph.order.entries()) {
    const component = numberOf(graph, position)
    starts[component] = Math.min(starts[component] ?? at, at)
  }
  return starts
}

/** For each component up to `last` a bit set of which of the (at most 32) sources it comes after. */
function spread(graph: StepGraph, start: Int32Array, sources: readonly number[], last: number): Int32Array {
  const reached = new Int32Array(graph.order.length)
  const first = numberOf(graph, sources[0] ?? 0)
  for (const [bit, source] of sources.entries()) reached[numberOf(graph, source)] = (reached[numberOf(graph, source)] ?? 0) | (1 << bit)
  for (let at = start[first] ?? 0; at < graph.order.length; at += 1) {
    const position = graph.order[at] ?? 0
    const component = numberOf(graph, position)
    if (component > last) break
    let bits = reached[component] ?? 0
    for (const dependency of graph.dependencies[position] ?? []) bits |= reached[numberOf(graph, dependency)] ?? 0
    reached[component] = bits
  }
  return reached
}

function cycleThrough(graph: StepGraph, from: number): readonly number[] {
  const component = numberOf(graph, from)
  const seen = new Map<number, number>()
  const walk: number[] = []
  let position = from
  while (!seen.has(position)) {
    seen.set(position, walk.length)
    walk.push(position)
    position = graph.dependencies[position]?.find((dependency) => numberOf(graph, dependency) === component) ?? position
  }
  return walk.slice(seen.get(position))
}

/** Tarjan's strongly connected components with its recursion on a stack of our own. */
function componentsOf(dependencies: readonly (readonly number[])[]): Pick<StepGraph, 'order' | 'component'> {
  const count = dependencies.length
  const found = new Int32Array(count).fill(-1)
  const low = new Int32Array(count)
  const cursor = new Int32Array(count)
  const component = new Int32Array(count).fill(-1)
  const order: number[] = []
  const path: number[] = []
  const pending: number[] = []
  let clock = 0
  let components = 0
  const enter = (position: number): void => {
    found[position] = low[position] = clock
    clock += 1
    path.push(position)
    pending.push(position)
  }
  const leave = (position: number): void => {
    path.pop()
    const above = path.at(-1)
    if (above !== undefined) low[above] = Math.min(low[above] ?? 0, low[position] ?? 0)
    if (low[position] !== found[position]) return
    const members = pending.splice(pending.lastIndexOf(position))
    for (const member of members) component[member] = components
    order.push(...members)
    components += 1
  }
  for (let root = 0; root < count; root += 1) {
    if (found[root] === -1) enter(root)
    for (let position = path.at(-1); position !== undefined; position = path.at(-1)) {
      const next = dependencies[position]?.[cursor[position] ?? 0]
      cursor[position] = (cursor[position] ?? 0) + 1
      if (next === undefined) leave(position)
      else if (found[next] === -1) enter(next)
      else if (component[next] === -1) low[position] = Math.min(low[position] ?? 0, found[next] ?? 0)
    }
  }
  return { order, component }
}
