/** A directed graph: for each node, in a fixed order, the nodes that it leads to. */
export type Edges = ReadonlyMap<string, readonly string[]>

/**
 * The strongly connected components in an order in which each comes after those it leads to (Tarjan 1972), without recursion, so that a
 * long chain cannot exhaust the stack. Nodes that are only led to are left out.
 */
export function componentsOf(edges: Edges): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const onStack = new Set<string>()
  const stack: string[] = []
  const components: string[][] = []
  for (const root of edges.keys()) {
    if (index.has(root)) continue
    const work = [{ node: root, next: 0 }]
    open(root)
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const { node } = top
      const target = edges.get(node)?.[top.next]
      top.next += 1
      if (target === undefined) {
        work.pop()
        close(node)
        const parent = work.at(-1)
        if (parent !== undefined) low.set(parent.node, Math.min(low.get(parent.node) ?? 0, low.get(node) ?? 0))
      } else if (!edges.has(target)) continue
      else if (!index.has(target)) {
        open(target)
        work.push({ node: target, next: 0 })
      } else if (onStack.has(target)) low.set(node, Math.min(low.get(node) ?? 0, index.get(target) ?? 0))
    }
  }
  return components

  function open(node: string): void {
    index.set(node, index.size)
    low.set(node, index.size - 1)
    stack.push(node)
    onStack.add(node)
  }

  function close(node: string): void {
    if (low.get(node) !== index.get(node)) return
    const component: string[] = []
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      onStack.delete(member)
      component.push(member)
      if (member === node) break
    }
    components.push(component.sort())
  }
}

/** A shortest way from a node back to itself within its component, the node first and not repeated; null when it is on no cycle. */
export function shortestCycle(edges: Edges, start: string, component: ReadonlySet<string>): string[] | null {
  const before = new Map<string, string>()
  const open = [start]
  for (const node of open) {
    for (const target of edges.get(node) ?? []) {
      if (target === start) return pathTo(node, before)
      if (!component.has(target) || before.has(target)) continue
      before.set(target, node)
      open.push(target)
    }
  }
  return null
}

function pathTo(node: string, before: ReadonlyMap<string, string>): string[] {
  const path = [node]
  for (let at = before.get(node); at !== undefined; at = before.get(at)) path.unshift(at)
  return path
}

/** The longest chain of edges between components, as the nodes it leads through; members of a component count as one. */
export function longestChain(edges: Edges): string[] {
  const components = componentsOf(edges)
  const componentOf = new Map(components.flatMap((members, at) => members.map((member) => [member, at])))
  const best: { length: number; from: string; to: string | null }[] = []
  for (const [at, members] of components.entries()) {
    let longest = { length: 1, from: members[0] ?? '', to: null as string | null }
    for (const from of members) {
      for (const to of edges.get(from) ?? []) {
        const target = componentOf.get(to)
        if (target === undefined || target === at) continue
        const length = 1 + (best[target]?.length ?? 0)
        if (length > longest.length) longest = { length, from, to }
      }
    }
    best.push(longest)
  }
  const start = best.reduce<(typeof best)[number] | undefined>((longest, each) => (each.length > (longest?.length ?? 0) ? each : longest), undefined)
  const chain: string[] = []
  for (let step = start; step !== undefined; step = step.to === null ? undefined : best[componentOf.get(step.to) ?? -1]) chain.push(step.from)
  return chain
}
