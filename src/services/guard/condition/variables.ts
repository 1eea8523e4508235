type Kind = 'yes or no' | 'text' | 'number' | 'list' | 'any'

/** What a condition may mention, with the fields of each that has fixed ones; null = whatever the capability takes. */
export const VARIABLES: Readonly<Record<string, Readonly<Record<string, Kind>> | Kind | null>> = {
  /** Name without version: `fs.read`. */
  capability: 'text',
  /** The arguments as given. Numbers are doubles: `args.n + 1.0`. */
  args: null,
  /** Absolute path of the workspace, links followed. */
  workspace: 'text',
  /** Absolute path of the user's home folder. */
  home: 'text',
  /** `path`, `command`, `url`, or `none` for an action that names nothing it touches. */
  kind: 'text',
  /** One name of the file, as asked for or with links followed: a rule is held against both. */
  path: {
    /** Below the workspace; `.` is the workspace itself. */
    text: 'text',
    absolute: 'text',
    /** `read` or `write`. */
    access: 'text',
  },
  /** The command of the action, also where a rule is held against a file that the command reads. */
  command: {
    argv: 'list',
    /** Base name of the first word. */
    program: 'text',
    /** Whether it is known to change nothing, to start nothing that does, and to need no network. */
    read_only: 'yes or no',
    /** Whether some of its words are known only to the shell that runs it. */
    dynamic: 'yes or no',
    /** Whether it reads the contents of whole folders, so that `reads` does not name every file. */
    recursive: 'yes or no',
    /** Base names of the programs that it would start. */
    programs: 'list',
    /** Files and folders it reads, as written. */
    reads: 'list',
    /** Files it writes, as written. */
    writes: 'list',
  },
  url: {
    /** `http` or `https`. */
    scheme: 'text',
    /** Lower case, punycode. */
    host: 'text',
    port: 'number',
    path: 'text',
    has_query: 'yes or no',
    /** `args.method`, or `GET`. */
    method: 'text',
  },
  /** Where the values of the arguments came from, such as `file`, `web`, `tool`; empty when from the goal and its plan. */
  taint: 'list',
  /** `low`, `medium`, `high` or `critical`. */
  risk: 'text',
}

/** Those that are not known before every argument is: a step whose arguments come from earlier steps is foreseen without them. */
export const OPEN_VARIABLES: ReadonlySet<string> = new Set(['args', 'url', 'taint', 'risk'])

/** The kind of a variable or of its field; null when there is no such thing. */
export function kindOf(variable: string, field: string | null): Kind | null {
  const known = Object.hasOwn(VARIABLES, variable) ? VARIABLES[variable] : undefined
  if (known === undefined) return null
  if (known === null) return 'any'
  if (typeof known === 'string') return field === null ? known : null
  return field === null ? 'any' : Object.hasOwn(known, field) ? (known[field] ?? null) : null
}

/** The fields of a variable that has fixed ones. */
export function fieldsOf(variable: string): readonly string[] | null {
  const known = Object.hasOwn(VARIABLES, variable) ? VARIABLES[variable] : null
  return typeof known === 'object' && known !== null ? Object.keys(known) : null
}
