interface Theme {
  readonly title: string
  /** What rules of this theme begin with, up to the first dot. */
  readonly prefixes: readonly string[]
  /** Beginnings of rules that are of this theme although others with their prefix are not. */
  readonly beginnings?: readonly string[]
}

/**
 * The themes of findings, the most valuable first: what leaks (secrets), what is wrong already (broken configuration, import cycles, what
 * git should not hold), what will break (dependencies, tests, automation), what costs every change (hotspots, size, duplicates, dead
 * files), and last what is good to tidy (types, lint, switched-off checks, documentation, markers).
 */
const THEMES: readonly Theme[] = [
  { title: 'Secrets', prefixes: ['secrets', 'secret'] },
  { title: 'Configuration', prefixes: ['config'] },
  { title: 'Import graph', prefixes: ['imports', 'import', 'graph', 'cycles'] },
  { title: 'Version control', prefixes: ['git'] },
  { title: 'Dependencies', prefixes: ['deps', 'dependencies', 'package', 'licence', 'license', 'licenses'] },
  { title: 'Tests', prefixes: ['tests', 'test'] },
  { title: 'Continuous integration', prefixes: ['ci'] },
  { title: 'History', prefixes: ['history', 'hotspots', 'hotspot'] },
  { title: 'Size', prefixes: ['size', 'complexity', 'functions', 'function'] },
  { title: 'Duplicates', prefixes: ['duplicates', 'duplicate'] },
  { title: 'Unused code', prefixes: ['unused', 'dead'] },
  { title: 'Type safety', prefixes: ['types', 'type'] },
  { title: 'Lint', prefixes: ['lint'] },
  { title: 'Switched-off checks', prefixes: ['suppressions'], beginnings: ['lint.disabled', 'types.ts-'] },
  { title: 'Documentation', prefixes: ['docs', 'doc'] },
  { title: 'Markers in comments', prefixes: ['marker', 'markers'] },
]

const BY_PREFIX: ReadonlyMap<string, number> = new Map(THEMES.flatMap(({ prefixes }, index) => prefixes.map((prefix) => [prefix, index] as const)))

const BY_BEGINNING = THEMES.flatMap(({ beginnings = [] }, index) => beginnings.map((beginning) => ({ beginning, index })))

/** How valuable the theme of a rule is: 0 is worth the most; themes that nobody has placed come last. */
export function themeRank(rule: string): number {
  const exception = BY_BEGINNING.find(({ beginning }) => rule.startsWith(beginning))
  return exception?.index ?? BY_PREFIX.get(prefixOf(rule)) ?? THEMES.length
}

/** The theme of a rule in words; of a rule that belongs to none, what it begins with. */
export function themeOf(rule: string): string {
  return THEMES[themeRank(rule)]?.title ?? (prefixOf(rule) || 'Other')
}

/** `size.large-file` → `Large file`; rules of linters keep their names, `lint.eslint.no-eval` → `no-eval (eslint)`. */
export function ruleInWords(rule: string): string {
  const [, plugin, name] = /^lint\.([^.]+)\.(.+)$/s.exec(rule) ?? []
  if (plugin !== undefined && name !== undefined) return `${name.replaceAll('.', '/')} (${plugin})`
  const words = rule.slice(rule.indexOf('.') + 1).replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function prefixOf(rule: string): string {
  const dot = rule.indexOf('.')
  return (dot === -1 ? rule : rule.slice(0, dot)).trim()
}
