import type { CheckedCommand } from './command.ts'
import { pathWords, viewPath, type PathView } from './glob.ts'
import type { CheckedPath, Places } from './path.ts'
import { hostNames, type CheckedUrl } from './url.ts'

/** A target that passed the checks no policy can lift. */
export type CheckedTarget = CheckedPath | CheckedCommand | CheckedUrl

/** A target prepared once, for being held against many rules. */
export type MatchTarget = {
  /**
   * What rules can need of a target, see `needs` of a specifier. Of a command all its words in lower case: a program or a word that a rule
   * names is one of them, wherever it stands. Null when it could be spelt in a way that only a shell reads.
   */
  readonly words: ReadonlySet<string> | null
} & (
  | { readonly kind: 'path'; readonly checked: CheckedPath; readonly views: readonly PathView[] }
  | { readonly kind: 'command'; readonly checked: CheckedCommand }
  | { readonly kind: 'url'; readonly checked: CheckedUrl }
)

/** Prepares a target. */
export function matchTarget(checked: CheckedTarget, places: Places): MatchTarget {
  switch (checked.kind) {
    case 'path': {
      const views = checked.names.map((name) => viewPath(name, places))
      return { kind: 'path', checked, views, words: pathWords(views) }
    }
    case 'command':
      return { kind: 'command', checked, words: wordsOf(checked.argv) }
    case 'url':
      return { kind: 'url', checked, words: new Set(hostNames(checked.host)) }
  }
}

/** What follows the last slash. */
export function baseName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1)
}

/** What makes a shell read other words than are written; any other character only parts them. */
const QUOTED = /["'`{\\]/

function wordsOf(argv: readonly string[]): ReadonlySet<string> | null {
  if (argv.some((token) => QUOTED.test(token))) return null
  return new Set(argv.flatMap((token) => [token, baseName(token), ...token.split(/[^\w.+@-]+/)]).map((word) => word.toLowerCase()))
}
