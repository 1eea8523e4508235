/** The heaviest pattern that is taken; a counted repetition multiplies what it repeats. */
export const MAX_WEIGHT = 1000

/**
 * How many states a regular expression has at most, counted from its text: what is repeated n times counts n times. Each character that it
 * reads may cost as many steps.
 */
export function patternWeight(pattern: string): number {
  const open: number[] = [0]
  let last = 0
  const add = (weight: number): void => {
    open.push((open.pop() ?? 0) + weight)
    last = weight
  }
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? ''
    const counted = char === '{' ? /^\{([0-9]+)(?:,([0-9]*))?\}/.exec(pattern.slice(at, at + 24)) : null
    if (char === '\\') {
      at += 1
      add(1)
    } else if (char === '[') {
      at = Math.max(at, pattern.indexOf(']', at + 2))
      add(1)
    } else if (char === '(') open.push(0)
    else if (char === ')') add(open.length > 1 ? (open.pop() ?? 0) + 1 : 1)
    else if (counted) {
      const times = Math.max(Number(counted[1]), Number(counted[2] ?? 0), 1)
      open.push((open.pop() ?? 0) + last * (times - 1))
      last *= times
      at += counted[0].length - 1
    } else add(1)
  }
  return open.reduce((sum, weight) => sum + weight, 0)
}
