/** What a file is written in: its name, what sort of text it is, and how its comments and strings look (absent: not looked into). */
export interface Language {
  readonly name: string
  readonly kind: 'code' | 'style' | 'markup' | 'data' | 'prose'
  readonly syntax: SyntaxName | null
}

/** Families of languages whose comments and strings look alike. */
export type SyntaxName =
  | 'javascript'
  | 'c'
  | 'go'
  | 'rust'
  | 'java'
  | 'kotlin'
  | 'swift'
  | 'csharp'
  | 'dart'
  | 'php'
  | 'python'
  | 'ruby'
  | 'shell'
  | 'hash'
  | 'yaml'
  | 'css'
  | 'scss'
  | 'html'
  | 'sql'
  | 'lua'
  | 'haskell'
  | 'lisp'
  | 'percent'

type Row = readonly [name: string, kind: Language['kind'], syntax: SyntaxName | null, extensions: string]

const ROWS: readonly Row[] = [
  ['TypeScript', 'code', 'javascript', 'ts mts cts tsx'],
  ['JavaScript', 'code', 'javascript', 'js mjs cjs jsx'],
  ['Python', 'code', 'python', 'py pyi pyw'],
  ['Rust', 'code', 'rust', 'rs'],
  ['Go', 'code', 'go', 'go'],
  ['Java', 'code', 'java', 'java'],
  ['Kotlin', 'code', 'kotlin', 'kt kts'],
  ['Scala', 'code', 'kotlin', 'scala sc'],
  ['Groovy', 'code', 'kotlin', 'groovy gradle'],
  ['Swift', 'code', 'swift', 'swift'],
  ['C', 'code', 'c', 'c h'],
  ['C++', 'code', 'c', 'cc cpp cxx hh hpp hxx ino'],
  ['Objective-C', 'code', 'c', 'm mm'],
  ['CUDA', 'code', 'c', 'cu cuh'],
  ['Zig', 'code', 'c', 'zig'],
  ['C#', 'code', 'csharp', 'cs'],
  ['Dart', 'code', 'dart', 'dart'],
  ['PHP', 'code', 'php', 'php'],
  ['Ruby', 'code', 'ruby', 'rb rake gemspec'],
  ['Perl', 'code', 'hash', 'pl pm'],
  ['Shell', 'code', 'shell', 'sh bash zsh ksh'],
  ['PowerShell', 'code', 'hash', 'ps1 psm1'],
  ['R', 'code', 'hash', 'r'],
  ['Julia', 'code', 'hash', 'jl'],
  ['Elixir', 'code', 'hash', 'ex exs'],
  ['Nim', 'code', 'hash', 'nim'],
  ['Terraform', 'code', 'hash', 'tf tfvars'],
  ['Nix', 'code', 'hash', 'nix'],
  ['Makefile', 'code', 'hash', 'mk'],
  ['CMake', 'code', 'hash', 'cmake'],
  ['SQL', 'code', 'sql', 'sql'],
  ['Lua', 'code', 'lua', 'lua'],
  ['Haskell', 'code', 'haskell', 'hs'],
  ['Elm', 'code', 'haskell', 'elm'],
  ['Clojure', 'code', 'lisp', 'clj cljs cljc edn'],
  ['Lisp', 'code', 'lisp', 'lisp lsp el scm rkt'],
  ['Erlang', 'code', 'percent', 'erl hrl'],
  ['OCaml', 'code', null, 'ml mli'],
  ['F#', 'code', null, 'fs fsi fsx'],
  ['Vue', 'code', 'html', 'vue'],
  ['Svelte', 'code', 'html', 'svelte'],
  ['Astro', 'code', 'html', 'astro'],
  ['GraphQL', 'code', 'hash', 'graphql gql'],
  ['Protocol Buffers', 'code', 'c', 'proto'],
  ['CSS', 'style', 'css', 'css'],
  ['SCSS', 'style', 'scss', 'scss less'],
  ['Sass', 'style', 'scss', 'sass'],
  ['HTML', 'markup', 'html', 'html htm xhtml'],
  ['XML', 'markup', 'html', 'xml xsd xsl xslt plist'],
  ['SVG', 'data', null, 'svg'],
  ['YAML', 'data', 'yaml', 'yaml yml'],
  ['TOML', 'data', 'hash', 'toml'],
  ['INI', 'data', 'hash', 'ini cfg conf properties'],
  ['JSON', 'data', null, 'json json5 jsonc jsonl ndjson webmanifest'],
  ['CSV', 'data', null, 'csv tsv'],
  ['Markdown', 'prose', null, 'md mdx markdown'],
  ['reStructuredText', 'prose', null, 'rst'],
  ['AsciiDoc', 'prose', null, 'adoc asciidoc'],
  ['TeX', 'prose', 'percent', 'tex'],
  ['Text', 'prose', null, 'txt'],
]

const BY_EXTENSION = new Map(
  ROWS.flatMap(([name, kind, syntax, extensions]) =>
    extensions.split(' ').map((extension): [string, Language] => [extension, { name, kind, syntax }]),
  ),
)

const BY_NAME = new Map<string, Language>([
  ['makefile', { name: 'Makefile', kind: 'code', syntax: 'hash' }],
  ['gnumakefile', { name: 'Makefile', kind: 'code', syntax: 'hash' }],
  ['dockerfile', { name: 'Dockerfile', kind: 'code', syntax: 'hash' }],
  ['cmakelists.txt', { name: 'CMake', kind: 'code', syntax: 'hash' }],
  ['rakefile', { name: 'Ruby', kind: 'code', syntax: 'ruby' }],
  ['gemfile', { name: 'Ruby', kind: 'code', syntax: 'ruby' }],
])

const OTHER: Language = { name: 'Other text', kind: 'data', syntax: null }

/** The language of a text file, from its name alone; `Other text` when the name tells nothing. */
export function languageOf(path: string): Language {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  return BY_NAME.get(name) ?? BY_EXTENSION.get(extensionOf(name)) ?? OTHER
}

/** The lower-case letters after the last dot; empty when there is none. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase()
}
