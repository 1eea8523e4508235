import type { LineSink } from './code-lines.ts'

/** The code lines of all files, one after the other, as numbers. */
export interface Lines {
  readonly count: number
  readonly hashes: Int32Array
  /** Line numbers in their files, from 1. */
  readonly numbers: Int32Array
  readonly tokens: Uint16Array
  readonly kinds: Uint8Array
  /** Where each stretch without a gap begins; the next one's begin is its end. */
  readonly stretches: readonly number[]
}

export interface LineStore extends LineSink {
  readonly count: number
  lines(): Lines
}

/** Collects lines in arrays that double when they are full: 11 bytes a line. */
export function createLineStore(): LineStore {
  let hashes = new Int32Array(1 << 16)
  let numbers = new Int32Array(1 << 16)
  let tokens = new Uint16Array(1 << 16)
  let kinds = new Uint8Array(1 << 16)
  const stretches = [0]
  let count = 0
  const grow = (): void => {
    const length = hashes.length * 2
    hashes = copyInto(new Int32Array(length), hashes)
    numbers = copyInto(new Int32Array(length), numbers)
    tokens = copyInto(new Uint16Array(length), tokens)
    kinds = copyInto(new Uint8Array(length), kinds)
  }
  return {
    get count() {
      return count
    },
    line(hash, number, tokensOfLine, kind) {
      if (count === hashes.length) grow()
      hashes[count] = hash
      numbers[count] = number
      tokens[count] = tokensOfLine
      kinds[count] = kind
      count += 1
    },
    gap() {
      if (stretches.at(-1) !== count) stretches.push(count)
    },
    lines: () => ({ count, hashes, numbers, tokens, kinds, stretches }),
  }
}

function copyInto<A extends { set(from: A): void }>(to: A, from: A): A {
  to.set(from)
  return to
}
