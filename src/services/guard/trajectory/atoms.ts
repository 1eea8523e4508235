/** One value of an argument that is not a list or a record itself. */
export interface Atom {
  /** Dotted path from the arguments, such as `recipients.0`. */
  readonly path: string
  readonly value: string | number
}

export interface Atoms {
  readonly atoms: readonly Atom[]
  /** False when the arguments nest deeper, or hold more, than is looked at; nobody can say then where all of it came from. */
  readonly complete: boolean
}

/** Arguments nested deeper than any tool's schema are refused rather than looked through. */
const MAX_DEPTH = 32
const MAX_ATOMS = 2_000

/** Every string and number in the arguments. Switches and absent values are left out: they carry nothing. */
export function atomsOf(args: unknown): Atoms {
  const atoms: Atom[] = []
  let complete = true
  const walk = (value: unknown, path: string, depth: number): void => {
    if (atoms.length >= MAX_ATOMS || depth > MAX_DEPTH) complete = false
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      atoms.push({ path, value: typeof value === 'bigint' ? String(value) : value })
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        const below = path === '' ? key : `${path}.${key}`
        if (!isOrdinaryName(key)) atoms.push({ path: below, value: key })
        walk(inner, below, depth + 1)
      }
    }
  }
  walk(args, '', 0)
  return { atoms, complete }
}

/** Names of arguments say nothing; a key that is no name, or holds a number, is a value like others. */
function isOrdinaryName(key: string): boolean {
  return /^(?:[\p{L}_][\p{L}\p{N}_.-]{0,40}|\d{1,4})$/u.test(key) && (key.match(/\d/g)?.length ?? 0) <= 4
}

/** The argument that a path is in: `recipients` of `recipients.0`. */
export function argumentOf(path: string): string {
  const dot = path.indexOf('.')
  return dot < 0 ? path : path.slice(0, dot)
}
