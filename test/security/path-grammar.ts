/** Ways to write the parent folder: those that mean it, and those that something which decodes or folds would take for it. */
const PARENTS = [
  '..',
  '...',
  '....',
  '%2e%2e',
  '%252e%252e',
  '%c0%ae%c0%ae',
  '\u00c0\u00ae\u00c0\u00ae',
  '.%00.',
  '.\0.',
  '．．',
  '‥',
  '․․',
  '.\u200b.',
  '.\u00ad.',
  '..;',
  '.. ',
  ' ..',
  '..\t',
  '..\u202e',
  'src/../..',
]

/** Ways to write what parts folders. */
const SEPARATORS = ['/', '//', '/./', '\\', '\\/', '%2f', '%252f', '%5c', '%c0%af', '\u00c0\u00af', '／', '∕', '⁄', '\u2028', '/src/../']

const DEPTHS = [1, 2, 9]

/** Spellings of a name that some file system takes for the same name. */
function alike(name: string): readonly string[] {
  const rest = name.slice(1)
  return [
    name,
    name.toUpperCase(),
    `.${rest.charAt(0).toUpperCase()}${rest.slice(1)}`,
    `${name}.`,
    `${name} `,
    `${name}...`,
    `${name} . `,
    `${name}/`,
    `${name}/.`,
    `./${name}`,
    `src/../${name}`,
    `${name}::$INDEX_ALLOCATION`,
    `${name}:stream`,
    `${name.slice(0, 3)}\u200c${name.slice(3)}`,
    `\u200b${name}`,
    `${name}\ufeff`,
    `${name.slice(0, 2)}\u00ad${name.slice(2)}`,
    [...name].map((char) => (/[!-~]/.test(char) ? String.fromCodePoint(char.codePointAt(0) ?? 0) : char)).join('\u2060'),
    [...name].map((char) => (/[!-~]/.test(char) ? String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfee0) : char)).join(''),
    `․${rest}`,
    `。${rest}`,
    `%2e${rest}`,
    `${rest.slice(0, 6).toUpperCase()}~1`,
    `${rest.slice(0, 6)}~2`,
    name.replaceAll('i', 'ı'),
    name.replaceAll('i', 'İ'),
    name.replaceAll('n', '\u006e\u0303'),
    name.replaceAll('k', 'K'),
  ]
}

export interface Grounds {
  /** Holds the workspace and what must not be reached. */
  readonly base: string
  readonly workspace: string
  /** Symbolic links in the workspace that lead out of it, or into what is closed. */
  readonly links: readonly string[]
  /** A descriptor of this process that is open on a file outside. */
  readonly fd: number
}

/**
 * Distinct strings that somebody who wants to leave a workspace, or to get at its state folder or at `.git`, would try as a path. All of
 * them end in `leaf`, where the grammar lets them, so that whoever follows one can be found out.
 */
export function hostilePaths(grounds: Grounds, leaf: string): readonly string[] {
  return [
    ...new Set([...climbing(leaf), ...absolute(grounds, leaf), ...closed(leaf), ...linked(grounds, leaf), ...expanded(leaf), ...outsized(leaf)]),
  ]
}

function climbing(leaf: string): string[] {
  const targets = [leaf, `outside/${leaf}`]
  return PARENTS.flatMap((parent) =>
    SEPARATORS.flatMap((separator) =>
      DEPTHS.flatMap((depth) => targets.map((target) => [...Array.from({ length: depth }, () => parent), ...target.split('/')].join(separator))),
    ),
  )
}

function absolute({ base, workspace, fd }: Grounds, leaf: string): string[] {
  const roots = [
    base,
    `/${base}`,
    `//${base}`,
    `${workspace}x/..`,
    `${workspace}/..`,
    `${workspace}/../ws/..`,
    `${workspace}/src/../..`,
    `${workspace}/.//..`,
    `/.${base}`,
    `/../..${base}`,
    `/tmp/..${base}`,
    `/proc/self/root${base}`,
    `/proc/1/root${base}`,
    `/proc/thread-self/root${base}`,
    `/proc/self/cwd/../../..${base}`,
    `/proc/self/fd/${fd}`,
    `/proc/self/fd/../root${base}`,
    `/dev/fd/${fd}`,
    `/dev/fd/../../proc/self/root${base}`,
    `file://${base}`,
    `file://localhost${base}`,
    `C:${base}`,
    `c:/${base}`,
    `\\\\?\\C:${base}`,
    `\\\\.\\${base}`,
    `//server/share${base}`,
    `\\\\server\\share${base}`,
    `//?/UNC/server/share${base}`,
    base.toUpperCase(),
    base.replaceAll('/', '\\'),
    base.replaceAll('/', '%2f'),
    base.replaceAll('/', '／'),
    ` ${base}`,
    `\ufeff${base}`,
    `\u200b${base}`,
    `${base} `,
  ]
  const ends = ['', '/', '/.', ' ', '.', '\0.txt', '%00.txt', '::$DATA']
  const names = [leaf, `wsx/${leaf}`, `ws/../${leaf}`]
  const whole = [
    `/proc/self/fd/${fd}`,
    `/dev/fd/${fd}`,
    `/proc/thread-self/fd/${fd}`,
    '/proc/self/environ',
    '/dev/stdin',
    '/etc/passwd',
    '/',
    '//',
    '/..',
  ]
  return [...whole, ...roots.flatMap((root) => names.flatMap((name) => ends.map((end) => `${root}/${name}${end}`)))]
}

/** The state folder and `.git`, and what is in them. */
function closed(leaf: string): string[] {
  return ['.planner-exec', '.git'].flatMap((name) => alike(name).flatMap((spelling) => [spelling, `${spelling}/${leaf}`, `src/${spelling}/${leaf}`]))
}

function linked({ links }: Grounds, leaf: string): string[] {
  const tails = [
    '',
    '/',
    '/.',
    `/${leaf}`,
    `/./${leaf}`,
    `//${leaf}`,
    `/outside/${leaf}`,
    `/../${leaf}`,
    `/../outside/${leaf}`,
    `/new/${leaf}`,
    `/../.git/${leaf}`,
  ]
  const heads = ['', './', 'src/../']
  return links.flatMap((link) => heads.flatMap((head) => tails.map((tail) => `${head}${link}${tail}`)))
}

/** What a shell, a template or a home folder would make something else of. */
function expanded(leaf: string): string[] {
  const heads = [
    '~',
    '~root',
    '~/..',
    '$HOME',
    '${HOME}',
    '%HOME%',
    '%USERPROFILE%',
    '$(pwd)/..',
    '`pwd`/..',
    '${workspace}/..',
    '{..,.}',
    '[.][.]',
    '*/..',
    '-/..',
  ]
  return heads.flatMap((head) => [`${head}/${leaf}`, `src/${head}/${leaf}`, `${head}/../../${leaf}`])
}

function outsized(leaf: string): string[] {
  return [
    `${'../'.repeat(1300)}${leaf}`,
    `${'../'.repeat(5000)}${leaf}`,
    `${'a/'.repeat(2000)}${'../'.repeat(2001)}${leaf}`,
    `${'src/../'.repeat(500)}../${leaf}`,
    `${'./'.repeat(2000)}../${leaf}`,
    `${'/'.repeat(4000)}${leaf}`,
    `${'x'.repeat(256)}/../../${leaf}`,
    `${'x'.repeat(100_000)}/../../${leaf}`,
    `${'\u{1f642}'.repeat(2000)}/../../${leaf}`,
  ]
}
