/** Deeper than any record; `JSON.parse` itself survives more, what works on the value afterwards does not. */
const MAX_DEPTH = 64

export type BoundedJson = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string }

/** Parses JSON from outside: refused are values nested more than 64 deep, and keys that would reach an object's prototype. */
export function parseBounded(text: string): BoundedJson {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { ok: false, problem: `it is not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
  const problem = problemOf(value)
  return problem === null ? { ok: true, value } : { ok: false, problem }
}

function problemOf(root: unknown): string | null {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next
    if (typeof value !== 'object' || value === null) continue
    if (depth >= MAX_DEPTH) return `it nests more than ${MAX_DEPTH} deep`
    if (Object.hasOwn(value, '__proto__')) return 'it has a key __proto__'
    for (const inner of Object.values(value)) open.push({ value: inner, depth: depth + 1 })
  }
  return null
}
