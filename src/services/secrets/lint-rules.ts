import { setImmediate } from 'node:timers/promises'
import { isTokenPlaceholder } from './placeholder.ts'
import type { Span } from './span.ts'

interface LintRule {
  /** What its finds are called. */
  readonly kind: string
  /** Something that is in every text in which the rule finds anything. */
  readonly mark: RegExp
}

/** The rules of secretlint's recommended preset that are asked, by the end of their ids. */
export const LINT_RULES: ReadonlyMap<string, LintRule> = new Map(
  Object.entries({
    aws: { kind: 'aws', mark: /SECRET|secret|Secret/ },
    privatekey: { kind: 'privatekey', mark: /PRIVATE KEY/ },
    npm: { kind: 'npm', mark: /npm_|_authToken=|x-oauth-basic/ },
    basicauth: { kind: 'password', mark: /:\/\/[-\w]{1,256}:[-\w]{1,256}@/ },
    slack: { kind: 'slack', mark: /xox[bpaor]-|xapp-|hooks\.slack\.com/i },
    sendgrid: { kind: 'sendgrid', mark: /SG\./ },
    shopify: { kind: 'shopify', mark: /shp(?:pa|ca|at|ss)_/ },
    github: { kind: 'github', mark: /gh[pousr]_|github_pat_/ },
    gitlab: { kind: 'gitlab', mark: /glpat-/ },
    grafana: { kind: 'grafana', mark: /glc_|glsa_/ },
    openai: { kind: 'openai', mark: /T3BlbkFJ/ },
    anthropic: { kind: 'anthropic', mark: /sk-ant-/ },
    groq: { kind: 'groq', mark: /gsk_/ },
    huggingface: { kind: 'huggingface', mark: /hf_/ },
    linear: { kind: 'linear', mark: /lin_api_/ },
    notion: { kind: 'notion', mark: /ntn_/ },
    '1password': { kind: 'onepassword', mark: /ops_ey/ },
    'database-connection-string': { kind: 'password', mark: /(?:mongodb(?:\+srv)?|mysqlx?|postgres(?:ql)?):\/\/[^:/\s]{1,100}:/i },
    'hashicorp-vault': { kind: 'hashicorp', mark: /hv[sbr]\./ },
    vercel: { kind: 'vercel', mark: /vc[piark]_/ },
    databricks: { kind: 'databricks', mark: /dapi/ },
    docker: { kind: 'docker', mark: /dckr_pat_/ },
    figma: { kind: 'figma', mark: /figd_/ },
  }),
)

/**
 * Rules of the preset that are not asked: one would let the text that is searched switch the search off (`secretlint-disable`), the other
 * looks at whole files by their names; private keys in them are found by what is in the text.
 */
export const UNASKED_RULES: readonly string[] = ['filter-comments', 'gcp']

/** The rule's name in the table above. */
export const ruleName = (id: string): string => id.replace(/^@secretlint\/secretlint-rule-/, '')

/** Loads the rules when they are first needed: most runs meet no secret. */
export const loadRules = async () => (await import('@secretlint/secretlint-rule-preset-recommend')).rules

type Rules = Awaited<ReturnType<typeof loadRules>>
type Rule = Rules[number]
type Context = Parameters<Rule['create']>[0]
type Report = Parameters<Context['report']>[0]

/** Characters after which other work has its turn between two rules. */
const YIELD_CHARS = 1024 * 1024
/** How far before its value a report may begin: some give the place of the name, with the length of the value. */
const MAX_NAME_CHARS = 512

/** What secretlint's rules find in a text, those alone whose marks are in it. Not in order. */
export async function lintSpans(text: string): Promise<readonly Span[]> {
  const marked = new Set([...LINT_RULES].filter(([, { mark }]) => mark.test(text)).map(([name]) => name))
  if (marked.size === 0) return []
  const spans: Span[] = []
  for (const rule of await loadRules()) {
    const name = ruleName(rule.meta.id)
    if (!marked.has(name)) continue
    const kind = LINT_RULES.get(name)?.kind ?? name
    for (const report of await reportsOf(rule, text)) spans.push(...spansOf(report, text, kind))
    if (text.length > YIELD_CHARS) await setImmediate()
  }
  return spans
}

/**
 * What one rule reports. The rules are asked without secretlint's core: the core keeps a performance mark for each rule and text for as
 * long as the process lives.
 */
export async function reportsOf(rule: Rule, text: string): Promise<readonly Report[]> {
  const reports: Report[] = []
  const context: Context = {
    sharedOptions: {},
    createTranslator: () => (messageId, data) => ({ message: '', messageId: String(messageId), data }),
    report: (report) => void reports.push(report),
    ignore: () => {},
  }
  await rule.create(context, {}).file?.(sourceOf(text))
  return reports
}

type Source = Parameters<NonNullable<ReturnType<Rule['create']>['file']>>[0]

/** A text that is no file: no rule can go and read one. */
function sourceOf(content: string): Source {
  const noPlace = () => {
    throw new Error('the text has no lines')
  }
  return {
    content,
    hasBOM: false,
    filePath: undefined,
    physicalFilePath: undefined,
    contentType: 'text',
    ext: '',
    getFilePath: () => undefined,
    getPhysicalFilePath: () => undefined,
    locationToRange: noPlace,
    rangeToLocation: noPlace,
    positionToIndex: noPlace,
    indexToPosition: noPlace,
  }
}

/** The value that is reported, where it really is, without what may be shown of it. */
function spansOf({ range, message }: Report, text: string, kind: string): readonly Span[] {
  const [from, to] = range
  const value = longestText(message.data) ?? text.slice(from, to)
  const at = text.startsWith(value, from) ? from : text.slice(0, from + MAX_NAME_CHARS + value.length).indexOf(value, from)
  const [start, end] = at === -1 ? [from, to] : [at, at + value.length]
  const found = text.slice(start, end).trimEnd()
  if (isTokenPlaceholder(found)) return []
  return [{ ...secretPart(found, start), kind, ref: null }]
}

function longestText(data: unknown): string | null {
  if (typeof data !== 'object' || data === null) return null
  const texts = Object.values(data).filter((value) => typeof value === 'string')
  return texts.reduce<string | null>((longest, value) => (longest === null || value.length > longest.length ? value : longest), null)
}

/** The password alone of a URL, the path of a web hook, what an `_authToken` is set to up to its end: the host is not secret. */
function secretPart(value: string, start: number): { readonly start: number; readonly end: number } {
  const before = /^[a-z+:]{1,30}:\/\/(?:[^\s:/@]{0,256}:(?=[^\s/@]{1,256}@)|hooks\.slack\.com\/services\/)/i.exec(value)?.[0] ?? ''
  const rest = value.slice(before.length)
  const length = before.endsWith(':') ? rest.indexOf('@') : rest.length
  return { start: start + before.length, end: start + before.length + length }
}
