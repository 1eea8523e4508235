import { isPlaceholder, isTokenPlaceholder, isWordy } from './placeholder.ts'
import type { Span } from './span.ts'

interface Format {
  readonly kind: string
  /** Something that is in every text in which there is one. */
  readonly mark: RegExp
  readonly pattern: RegExp
  readonly isReal?: (value: string) => boolean
}

const bounded = (body: string): RegExp => new RegExp(`(?<![\\w+/.-])(?:${body})(?![\\w-])`, 'g')

/** Formats of tokens that secretlint does not know, after gitleaks' rules (github.com/gitleaks/gitleaks, config/gitleaks.toml) and GitHub's list of what it scans for. */
const FORMATS: readonly Format[] = [
  { kind: 'aws', mark: /AKIA|ASIA/, pattern: bounded('A[KS]IA[A-Z2-7]{16}') },
  { kind: 'jwt', mark: /eyJ/, pattern: /(?<![\w.+-])eyJ[\w-]{8,2000}\.eyJ[\w-]{2,8000}\.[\w-]{20,2000}(?![\w-])/g, isReal: isSigned },
  { kind: 'stripe', mark: /[sr]k_(?:live|test)_/, pattern: bounded('[sr]k_(?:live|test)_[0-9A-Za-z]{20,200}') },
  { kind: 'google', mark: /AIza|GOCSPX-|ya29\./, pattern: bounded('AIza[\\w-]{35}|GOCSPX-[\\w-]{28}|ya29\\.[\\w-]{30,500}') },
  { kind: 'openai', mark: /sk-/, pattern: bounded('sk-(?:proj|svcacct|admin)-[\\w-]{40,300}') },
  { kind: 'anthropic', mark: /sk-ant-/, pattern: bounded('sk-ant-[a-z0-9]{3,10}-[\\w-]{60,200}') },
  { kind: 'gitlab', mark: /gl(?:dt|rt|ptt|cbt|soat)-/, pattern: bounded('gl(?:dt|rt|ptt|cbt|soat)-[\\w-]{20,80}') },
  { kind: 'slack', mark: /xoxe/, pattern: bounded('xoxe(?:\\.xox[bp])?-[\\w-]{30,250}') },
  { kind: 'pypi', mark: /pypi-AgEIcHlwaS5vcmc/, pattern: bounded('pypi-AgEIcHlwaS5vcmc[\\w-]{50,1000}') },
  { kind: 'digitalocean', mark: /do[opr]_v1_/, pattern: bounded('do[opr]_v1_[0-9a-f]{64}') },
  // secretlint looks for these in files that are called `.npmrc` only.
  {
    kind: 'npm',
    mark: /_(?:authToken|auth|password)[ =]/,
    pattern: /(?<=_(?:authToken|auth|password)[ \t]{0,2}=[ \t]{0,2}["']?)[\w+/=.~-]{8,500}(?![^\s"'])/g,
    isReal: (value) => !isPlaceholder(value) && !isWordy(value),
  },
  { kind: 'azure', mark: /AccountKey=/, pattern: /(?<=AccountKey=)[0-9A-Za-z+/]{86}==/g },
  { kind: 'azure', mark: /Q~/, pattern: bounded('[\\w~.]{3}[0-9]Q~[\\w~.-]{31,34}') },
  { kind: 'age', mark: /AGE-SECRET-KEY-1/, pattern: bounded('AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}') },
  { kind: 'postman', mark: /PMAK-/, pattern: bounded('PMAK-[0-9a-f]{24}-[0-9a-f]{34}') },
  { kind: 'sentry', mark: /sntry[su]_/, pattern: bounded('sntryu_[0-9a-f]{64}|sntrys_eyJ[\\w+/=-]{60,400}') },
  { kind: 'rubygems', mark: /rubygems_/, pattern: bounded('rubygems_[0-9a-f]{48}') },
]

/** Tokens of known formats, not in order. */
export function formatSpans(text: string): readonly Span[] {
  return FORMATS.filter(({ mark }) => mark.test(text)).flatMap(({ kind, pattern, isReal = () => true }) =>
    [...text.matchAll(pattern)].flatMap(({ 0: value, index }) =>
      isTokenPlaceholder(value) || !isReal(value) ? [] : [{ start: index, end: index + value.length, kind, ref: null }],
    ),
  )
}

/** JSON web tokens have a header that names an algorithm; that of jwt.io and RFC 7519 is everybody's. */
function isSigned(token: string): boolean {
  const [header = '', payload = ''] = token.split('.')
  const algorithm = /"alg"\s*:\s*"([^"]{1,20})"/.exec(decoded(header))?.[1] ?? 'none'
  return algorithm.toLowerCase() !== 'none' && !/"sub"\s*:\s*"1234567890"|"iss"\s*:\s*"joe"/.test(decoded(payload))
}

const decoded = (part: string): string => Buffer.from(part, 'base64url').toString('latin1')
