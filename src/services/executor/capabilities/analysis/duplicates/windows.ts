import type { Lines } from './line-store.ts'

/** Windows of `size` lines, those that hold the same in one class. */
export interface Windows {
  /** By where a window begins: its class, from 1; 0 for one that there is only once, or that would reach over a gap. */
  readonly classes: Int32Array
  /** How many classes there are. */
  readonly count: number
  /** Where the windows of a class begin, ascending. */
  members(windowClass: number): Int32Array
}

const BASE_A = 0x2c1b3c6d
const BASE_B = 0x297a2d39

/** Sorts all windows into classes by two rolling hashes, 64 bits together, in linear time; classes are numbered in order of their first window. */
export function classify(lines: Lines, size: number): Windows {
  const found = byHash(lines, size)
  const sizes = new Int32Array(found.count + 1)
  for (let at = 0; at < lines.count; at += 1) add(sizes, found.classes[at] ?? 0, 1)
  const renamed = new Int32Array(found.count + 1)
  let count = 0
  for (let old = 1; old <= found.count; old += 1) if ((sizes[old] ?? 0) > 1) renamed[old] = count += 1
  const offsets = new Int32Array(count + 2)
  for (let old = 1; old <= found.count; old += 1) {
    const to = renamed[old] ?? 0
    if (to > 0) offsets[to + 1] = sizes[old] ?? 0
  }
  for (let at = 1; at < offsets.length; at += 1) add(offsets, at, offsets[at - 1] ?? 0)
  const members = new Int32Array(offsets.at(-1) ?? 0)
  const next = offsets.slice()
  const { classes } = found
  for (let at = 0; at < lines.count; at += 1) {
    const to = renamed[classes[at] ?? 0] ?? 0
    classes[at] = to
    if (to === 0) continue
    members[next[to] ?? 0] = at
    add(next, to, 1)
  }
  return { classes, count, members: (windowClass) => members.subarray(offsets[windowClass], offsets[windowClass + 1]) }
}

function byHash({ count, hashes, stretches }: Lines, size: number): { classes: Int32Array; count: number } {
  const table = createTable(count)
  const classes = new Int32Array(count)
  const [lastA, lastB] = [power(BASE_A, size), power(BASE_B, size)]
  for (const [index, start] of stretches.entries()) {
    const end = stretches[index + 1] ?? count
    let a = 0
    let b = 0
    for (let at = start; at < end; at += 1) {
      const enters = hashes[at] ?? 0
      const leaves = at - size >= start ? (hashes[at - size] ?? 0) : 0
      a = (Math.imul(a, BASE_A) + enters - Math.imul(leaves, lastA)) | 0
      b = (Math.imul(b, BASE_B) + mixed(enters) - Math.imul(at - size >= start ? mixed(leaves) : 0, lastB)) | 0
      if (at - start >= size - 1) classes[at - size + 1] = table.classOf(a, b)
    }
  }
  return { classes, count: table.count() }
}

/** Open addressing, at most half full. */
function createTable(capacity: number) {
  const bits = Math.max(4, Math.ceil(Math.log2(Math.max(capacity, 1) * 2)))
  const slots = new Int32Array(2 ** bits)
  const hashesA = new Int32Array(capacity + 1)
  const hashesB = new Int32Array(capacity + 1)
  let count = 0
  return {
    count: () => count,
    classOf(a: number, b: number): number {
      let slot = mixed(a ^ Math.imul(b, BASE_A)) >>> (32 - bits)
      for (let known = slots[slot] ?? 0; known !== 0; known = slots[slot] ?? 0) {
        if (hashesA[known] === a && hashesB[known] === b) return known
        slot = (slot + 1) & (slots.length - 1)
      }
      count += 1
      slots[slot] = count
      hashesA[count] = a
      hashesB[count] = b
      return count
    },
  }
}

function mixed(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
  const twice = Math.imul(once ^ (once >>> 15), 0x735a2d97)
  return twice ^ (twice >>> 15)
}

function power(base: number, exponent: number): number {
  let result = 1
  for (let done = 0; done < exponent; done += 1) result = Math.imul(result, base)
  return result
}

function add(array: Int32Array, at: number, amount: number): void {
  array[at] = (array[at] ?? 0) + amount
}
