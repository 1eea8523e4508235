import { hasCrc32Tail } from './checksum.ts'
import { isInventedToken } from './invented.ts'
import type { Searched, Secret } from './secret.ts'

interface TokenRule {
  readonly rule: string
  readonly name: string
  /** Texts that every value holds, to pass over files without them quickly; what is shown is the one that the value begins with. */
  readonly marks: readonly string[]
  readonly pattern: RegExp
  /** True and false for formats that carry their proof; absent where the form alone speaks. */
  readonly isProven?: (value: string) => boolean
  /** Opens little, or only a test account. */
  readonly isLimited?: (value: string) => boolean
  /** What else the line must speak of, for formats that are common in other texts. */
  readonly besides?: RegExp
}

const always = () => true
const bounded = (body: string) => new RegExp(`(?<![\\w+/.-])(?:${body})(?![\\w-])`, 'g')

/**
 * Formats of tokens, after gitleaks' rules (github.com/gitleaks/gitleaks, config/gitleaks.toml, 009e025) and GitHub's list of what its secret
 * scanning knows (docs.github.com, "Supported secret scanning patterns").
 */
const RULES: readonly TokenRule[] = [
  {
    rule: 'secrets.aws-access-key',
    name: 'AWS access key id',
    marks: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    pattern: bounded('(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}'),
  },
  {
    rule: 'secrets.github-token',
    name: 'GitHub token',
    marks: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    pattern: bounded('gh[pousr]_[0-9A-Za-z]{36}'),
    isProven: hasCrc32Tail,
  },
  {
    rule: 'secrets.github-token',
    name: 'GitHub fine-grained token',
    marks: ['github_pat_'],
    pattern: bounded('github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}'),
  },
  { rule: 'secrets.npm-token', name: 'npm token', marks: ['npm_'], pattern: bounded('npm_[0-9A-Za-z]{36}'), isProven: hasCrc32Tail },
  {
    rule: 'secrets.gitlab-token',
    name: 'GitLab token',
    marks: ['glpat-', 'gldt-', 'glrt-', 'glptt-'],
    pattern: bounded('gl(?:pat|dt|rt)-[\\w-]{20}|glptt-[0-9a-f]{40}'),
  },
  {
    rule: 'secrets.slack-token',
    name: 'Slack token',
    marks: ['xoxb-', 'xoxp-', 'xoxe-', 'xoxa-', 'xoxr-', 'xapp-'],
    pattern: bounded(
      'xoxb-[0-9]{10,13}-[0-9]{10,13}-[0-9A-Za-z]{20,30}|xox[pe](?:-[0-9]{10,13}){3}-[0-9A-Za-z-]{28,34}|xox[ar]-[0-9]-[0-9A-Za-z]{20,48}|xapp-[0-9]-[0-9A-Z]{8,16}-[0-9]{10,16}-[0-9a-f]{40,80}',
    ),
  },
  {
    rule: 'secrets.slack-webhook',
    name: 'Slack webhook',
    marks: ['hooks.slack.com/services/'],
    pattern: /hooks\.slack\.com\/services\/T[0-9A-Z]{8,12}\/B[0-9A-Z]{8,12}\/[0-9A-Za-z]{20,30}(?![\w-])/g,
    isLimited: always,
  },
  {
    rule: 'secrets.stripe-key',
    name: 'Stripe key',
    marks: ['sk_live_', 'rk_live_', 'sk_test_', 'rk_test_'],
    pattern: bounded('[sr]k_(?:live|test)_[0-9A-Za-z]{20,99}'),
    isLimited: (value) => value.includes('_test_'),
  },
  // Browsers get these keys too; what they open is decided by their restrictions.
  { rule: 'secrets.google-api-key', name: 'Google API key', marks: ['AIza'], pattern: bounded('AIza[\\w-]{35}'), isLimited: always },
  { rule: 'secrets.google-oauth-secret', name: 'Google OAuth client secret', marks: ['GOCSPX-'], pattern: bounded('GOCSPX-[\\w-]{28}') },
  {
    rule: 'secrets.openai-key',
    name: 'OpenAI API key',
    // `OpenAI` in base 64, in the middle of every key.
    marks: ['T3BlbkFJ'],
    pattern: bounded(
      'sk-(?:proj|svcacct|admin)-(?:[\\w-]{74}|[\\w-]{58})T3BlbkFJ(?:[\\w-]{74}|[\\w-]{58})|sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}',
    ),
    isProven: (value) => !isInventedToken(value),
  },
  { rule: 'secrets.anthropic-key', name: 'Anthropic API key', marks: ['sk-ant-'], pattern: bounded('sk-ant-(?:api03|admin01)-[\\w-]{93}AA') },
  { rule: 'secrets.sendgrid-key', name: 'SendGrid API key', marks: ['SG.'], pattern: bounded('SG\\.[\\w-]{22}\\.[\\w-]{43}') },
  { rule: 'secrets.twilio-key', name: 'Twilio API key', marks: ['SK'], pattern: bounded('SK[0-9a-f]{32}'), besides: /twilio/i },
  { rule: 'secrets.huggingface-token', name: 'Hugging Face token', marks: ['hf_'], pattern: bounded('hf_[A-Za-z]{34}') },
  { rule: 'secrets.digitalocean-token', name: 'DigitalOcean token', marks: ['_v1_'], pattern: bounded('do[opr]_v1_[0-9a-f]{64}') },
  {
    rule: 'secrets.shopify-token',
    name: 'Shopify token',
    marks: ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    pattern: bounded('shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}'),
  },
  // The beginning of every one is a macaroon whose location, in base 64, is pypi.org.
  {
    rule: 'secrets.pypi-token',
    name: 'PyPI token',
    marks: ['pypi-AgEIcHlwaS5vcmc'],
    pattern: bounded('pypi-AgEIcHlwaS5vcmc[\\w-]{50,1000}'),
    isProven: (value) => !isInventedToken(value),
  },
  { rule: 'secrets.rubygems-token', name: 'RubyGems token', marks: ['rubygems_'], pattern: bounded('rubygems_[0-9a-f]{48}') },
  { rule: 'secrets.databricks-token', name: 'Databricks token', marks: ['dapi'], pattern: bounded('dapi[0-9a-f]{32}(?:-[0-9])?') },
  { rule: 'secrets.linear-key', name: 'Linear API key', marks: ['lin_api_'], pattern: bounded('lin_api_[0-9A-Za-z]{40}') },
  { rule: 'secrets.notion-token', name: 'Notion token', marks: ['ntn_'], pattern: bounded('ntn_[0-9]{11}[0-9A-Za-z]{35}') },
  { rule: 'secrets.postman-key', name: 'Postman API key', marks: ['PMAK-'], pattern: bounded('PMAK-[0-9a-f]{24}-[0-9a-f]{34}') },
  { rule: 'secrets.sentry-token', name: 'Sentry token', marks: ['sntryu_'], pattern: bounded('sntryu_[0-9a-f]{64}') },
  {
    rule: 'secrets.age-key',
    name: 'age secret key',
    marks: ['AGE-SECRET-KEY-1'],
    pattern: bounded('AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}'),
  },
  { rule: 'secrets.azure-client-secret', name: 'Azure client secret', marks: ['Q~'], pattern: bounded('[\\w~.]{3}[0-9]Q~[\\w~.-]{31,34}') },
  {
    rule: 'secrets.azure-storage-key',
    name: 'Azure storage key',
    marks: ['AccountKey='],
    pattern: /AccountKey=[0-9A-Za-z+/]{86}==/g,
    isProven: (value) =>
      !value.startsWith(AZURITE) && !isInventedToken(value) && Buffer.from(value.slice('AccountKey='.length), 'base64').length === 64,
  },
]

/** The public key of the storage emulator begins so (learn.microsoft.com, "Use the Azurite emulator"). */
const AZURITE = 'AccountKey=Eby8vdM02xNOcqFlqUwJPLlm'

/** Every token of a known format, in file order by rule. A format with a proof that fails is none. */
export function findTokens({ text }: Searched): Secret[] {
  return RULES.filter(({ marks }) => marks.some((mark) => text.includes(mark))).flatMap((rule) =>
    [...text.matchAll(rule.pattern)].flatMap((match) => {
      const [value] = match
      if (rule.isProven?.(value) === false || (rule.isProven === undefined && isInventedToken(value))) return []
      if (rule.besides !== undefined && !rule.besides.test(around(text, match.index))) return []
      return [
        {
          rule: rule.rule,
          name: rule.name,
          offset: match.index,
          value,
          shown: rule.marks.find((mark) => value.startsWith(mark)) ?? value.slice(0, 3),
          isPrefix: true,
          confidence: rule.isProven === undefined ? 'heuristic' : 'verified',
          weight: rule.isLimited?.(value) === true ? 'limited' : 'live',
        } satisfies Secret,
      ]
    }),
  )
}

function around(text: string, offset: number): string {
  return text.slice(Math.max(0, offset - 200), offset + 200)
}
