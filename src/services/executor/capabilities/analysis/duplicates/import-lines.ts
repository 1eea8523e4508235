import type { SyntaxName } from '../languages.ts'

/** In longer statements the end was missed. */
const MAX_STATEMENT_LINES = 500
/** Enough of a line to see what it begins with. */
const HEAD = 300

const JVM = /(?:import|package)\b/y
const USE = /(?:pub(?:\([^)\n]{0,40}\))?\s+)?(?:use\s+[\w:]|mod\s+\w+\s*;|extern\s+crate\b)/y
const HASH = /#\s*(?:include|import|pragma)\b/y

/** How a statement begins that only names what a file takes from, or hands on to, others; sticky. */
const STARTS: Partial<Record<SyntaxName, RegExp>> = {
  javascript: /(?:import\b(?!\s*[(.])|export\s*(?:type\s*)?[{*]|(?:const|let|var)\s[^=\n]{1,200}=\s*require\()/y,
  python: /(?:import|from)\s/y,
  go: /(?:import|package)\b/y,
  rust: USE,
  java: JVM,
  kotlin: JVM,
  swift: /import\s/y,
  csharp: /(?:global\s+)?using\s+(?:static\s+)?[\w.]+\s*[;=]|namespace\s+[\w.]+\s*;/y,
  dart: /(?:import|export|part|library)\s/y,
  php: /(?:use|namespace)\s+[\w\\]/y,
  ruby: /(?:require|require_relative|load)\b/y,
  c: HASH,
  css: /@import\b/y,
  scss: /@(?:import|use|forward)\b/y,
  haskell: /(?:import|module)\s/y,
}

/** Tells of each line, given in order, whether it belongs to such a statement. */
export function importLines(text: string, syntax: SyntaxName): (start: number, end: number) => boolean {
  const starts = STARTS[syntax]
  let left = 0
  return (start, end) => {
    if (starts === undefined) return false
    if (left > 0) {
      left = /[})]/.test(text.slice(start, Math.min(end, start + HEAD))) ? 0 : left - 1
      return true
    }
    starts.lastIndex = start
    if (!starts.test(text)) return false
    left = isOpen(text.slice(start, Math.min(end, start + HEAD))) ? MAX_STATEMENT_LINES : 0
    return true
  }
}

function isOpen(line: string): boolean {
  return (line.includes('{') && !line.includes('}')) || (line.includes('(') && !line.includes(')'))
}
