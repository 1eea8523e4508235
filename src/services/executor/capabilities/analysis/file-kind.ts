import { extensionOf, languageOf } from './languages.ts'

/** Why a file says nothing about the care its authors took. */
export type LeftOut = 'vendored' | 'generated' | 'lock' | 'binary'

const LOCKS = new Set([
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'bun.lock',
  'bun.lockb',
  'deno.lock',
  'cargo.lock',
  'gemfile.lock',
  'poetry.lock',
  'uv.lock',
  'pipfile.lock',
  'composer.lock',
  'go.sum',
  'flake.lock',
  'mix.lock',
  'pubspec.lock',
  'package.resolved',
  'gradle.lockfile',
  'packages.lock.json',
])

const VENDORED_FOLDERS = new Set([
  'node_modules',
  'bower_components',
  'jspm_packages',
  'vendor',
  'vendored',
  'third_party',
  'third-party',
  'thirdparty',
  'pods',
  '.yarn',
])
const GENERATED_FOLDERS = new Set(['dist', 'coverage', 'generated', '__generated__', '__snapshots__'])
const GENERATED_NAME =
  /\.min\.(?:js|mjs|cjs|css)$|[.-]bundle\.js$|\.(?:generated|gen|g)\.[a-z]+$|_pb2(?:_grpc)?\.pyi?$|\.pb\.(?:go|cc|h)$|\.designer\.cs$|\.(?:map|snap)$/i

const BINARY_EXTENSIONS = new Set(
  (
    'png jpg jpeg gif webp avif bmp ico icns tif tiff psd pdf zip gz tgz bz2 xz zst 7z rar tar jar war class o a so dylib dll exe wasm node pyc woff woff2 ttf otf eot ' +
    'mp3 mp4 m4a wav ogg flac avi mov mkv webm db sqlite sqlite3 bin dat parquet onnx pt pickle pkl npy npz docx xlsx pptx'
  ).split(' '),
)

const TEST_PATH =
  /(?:^|\/)(?:tests?|__tests__|spec|specs|e2e)\/|[._-](?:test|tests|tst|spec|test-d)\.[a-z]+$|(?:^|\/)test_[^/]*\.py$|_test\.(?:go|py|rb)$/i
const FIXTURE_PATH = /(?:^|\/)(?:fixtures?|__fixtures__|testdata|test-data|test_data|__mocks__|snapshots)\//i

// A generator's notice: on a comment line, near the top.
const COMMENT_LINE = /^\s*(?:\/\/|\/\*|\*|#|--|;|<!--|%|")/
const NOTICE =
  /@generated\b|\bgenerated\b.*\bdo not edit\b|\bdo not edit\b.*\bgenerated\b|\bauto-?generated (?:by|from|with|file|code)\b|^\W*(?:this (?:file|code) (?:is|was) )?(?:automatically |auto-?)?generated (?:by|from|with)\b/i
const NOTICE_LINES = 10

/** What the path alone gives away. Null: the file has to be looked at. */
export function leftOutByPath(path: string): LeftOut | null {
  const segments = path.toLowerCase().split('/')
  const name = segments.pop() ?? ''
  if (segments.some((segment) => VENDORED_FOLDERS.has(segment))) return 'vendored'
  if (LOCKS.has(name)) return 'lock'
  if (BINARY_EXTENSIONS.has(extensionOf(name))) return 'binary'
  if (segments.some((segment) => GENERATED_FOLDERS.has(segment)) || GENERATED_NAME.test(name)) return 'generated'
  return null
}

/** What the text gives away: a generator's notice near the top, or the long lines of a minifier. */
export function leftOutByText(path: string, text: string): LeftOut | null {
  const head = text.slice(0, 4_000).split('\n', NOTICE_LINES)
  const { kind } = languageOf(path)
  if (kind !== 'code' && kind !== 'style') return null
  if (head.some((line) => COMMENT_LINE.test(line) && NOTICE.test(line)) || isCompiled(text) || isMinified(text)) return 'generated'
  return null
}

/** Git's rule: a NUL among the first 8000 bytes. */
export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 8_000).includes(0)
}

/** Material of tests that is bad on purpose, or recorded. */
export function isFixture(path: string): boolean {
  return FIXTURE_PATH.test(path)
}

/** A test, by the customs of the common languages. */
export function isTest(path: string): boolean {
  return TEST_PATH.test(path)
}

/** What a compiler or a bundler leaves: the way back to the source at the end, or how it marks a module. */
function isCompiled(text: string): boolean {
  return (
    /^(?:\/\/|\/\*)[#@] sourceMappingURL=\S+(?: \*\/)?\s*$/m.test(text.slice(-400)) ||
    /^Object\.defineProperty\(exports, ["']__esModule["']/m.test(text.slice(0, 2_000))
  )
}

function isMinified(text: string): boolean {
  if (text.length < 5_000) return false
  return text.length / text.split('\n').length > 500
}
