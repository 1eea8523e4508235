import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LINT_RULES, lintSpans, loadRules, reportsOf, ruleName, UNASKED_RULES } from '../../../src/services/secrets/lint-rules.ts'
import { AWS_SECRET, GITHUB, NPM, privateKey } from './secrets.fixture.ts'

const WORD = 'R7kQ2mZx9TbW4nLc8VdY1sHf6JgP3aEo5UiKb0Nq'
const random = (length: number): string => WORD.repeat(Math.ceil(length / WORD.length)).slice(0, length)
const letters = (length: number): string =>
  random(length * 2)
    .replaceAll(/\d/g, '')
    .slice(0, length)
const onePassword = Buffer.from(`{"email":"${random(90)}","muk":{"kid":"mp"}}`)
  .toString('base64')
  .replace(/=+$/, '')

/** One text at least for each rule, in each of the forms that it knows. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  aws: [`AWS_SECRET_ACCESS_KEY=${AWS_SECRET}`, `"aws_secret_access_key" : "${AWS_SECRET}"`, `SecretAccessKey => '${AWS_SECRET}'`],
  privatekey: [privateKey(), privateKey().replaceAll('\n', '\\n'), privateKey().replaceAll('RSA ', '')],
  npm: [NPM, `https://${random(40)}:x-oauth-basic@github.com/o/r`],
  basicauth: [`https://deploy:${random(12)}@git.acme.io/x`, `ftp://bob:${random(9)}@files.acme.io`],
  slack: [
    `xoxb-${random(11)}-${random(12)}`,
    `xoxp-1-${random(12)}-${random(30)}`,
    `xapp-1-A${random(10)}-${random(20)}`,
    `https://hooks.slack.com/services/T${random(9)}/B${random(9)}/${random(24)}`,
    `HTTPS://HOOKS.SLACK.COM/services/T1/B1/${random(24)}`,
  ],
  sendgrid: [`SG.${random(22)}.${random(43)}`],
  shopify: [`shppa_${random(32)}`, `shpca_${random(32)}`, `shpat_${random(40)}`, `shpss_${random(64)}`],
  github: [GITHUB, `gho_${random(36)}`, `ghu_${random(36)}`, `ghs_${random(36)}`, `ghr_${random(36)}`, `github_pat_${random(82)}`],
  gitlab: [`glpat-${random(20)}`],
  grafana: [`glc_${random(60)}`, `glsa_${random(32)}_0a1b2c3d`],
  openai: [`sk-proj-${random(74)}T3BlbkFJ${random(74)}`, `sk-${random(20)}T3BlbkFJ${random(20)}`],
  anthropic: [`sk-ant-api03-${random(93)}AA`],
  groq: [`gsk_${random(52)}`],
  huggingface: [`hf_${letters(34)}`],
  linear: [`lin_api_${random(40)}`],
  notion: [`ntn_12345678901${random(35)}`],
  '1password': [`ops_${onePassword}`],
  'database-connection-string': [
    `mongodb+srv://app:${random(14)}@cluster0.acme.io/db`,
    `MongoDB://app:${random(14)}@db.acme.io`,
    `jdbc:mysql://app:${random(14)}@db/x`,
    `mysqlx://app:${random(14)}@db/x`,
    `postgresql://app:${random(14)}@db/x?ssl=1`,
    `postgres://us@er:${random(14)}@db/x`,
  ],
  'hashicorp-vault': [`hvs.${random(95)}`, `hvb.${random(150)}`, `hvr.${random(95)}`],
  vercel: [`vcp_${random(24)}`, `vci_${random(24)}`, `vca_${random(24)}`, `vcr_${random(24)}`, `vck_${random(24)}`],
  databricks: [`dapi${'0a1b2c3d4e5f60718293a4b5c6d7e8f9'}`],
  docker: [`dckr_pat_${random(27)}`],
  figma: [`figd_${random(44)}`],
}
const samples = Object.entries(SAMPLES).flatMap(([rule, texts]) => texts.map((text) => [rule, text] as const))
const rules = new Map((await loadRules()).map((rule) => [ruleName(rule.meta.id), rule]))

async function reportedBy(name: string, text: string): Promise<number> {
  const rule = rules.get(name)
  return rule === undefined ? 0 : (await reportsOf(rule, text)).length
}

describe('the table of rules', () => {
  it('names every rule of the preset, asked or not', () => {
    expect([...LINT_RULES.keys(), ...UNASKED_RULES].toSorted()).toEqual([...rules.keys()].toSorted())
  })

  it('has a sample for every rule that is asked', () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual([...LINT_RULES.keys()].toSorted())
  })

  it.each(samples)('lets no mark hide what the rule %s finds in %s', async (name, text) => {
    expect(await reportedBy(name, text)).toBeGreaterThan(0)
    expect(LINT_RULES.get(name)?.mark.test(text)).toBe(true)
  })

  it('lets no mark hide what a rule finds in a random text around a sample, whole or damaged', async () => {
    const surrounded = fc.record({
      sample: fc.constantFrom(...samples),
      before: fc.string({ maxLength: 60 }),
      after: fc.string({ maxLength: 60 }),
      cut: fc.nat({ max: 200 }),
      with: fc.constantFrom('', 'x', ' ', '-', '_', '\n', '@', ':'),
    })

    await fc.assert(
      fc.asyncProperty(surrounded, async ({ sample: [, text], before, after, cut, with: put }) => {
        const at = cut % (text.length + 1)
        const changed = `${before}${text.slice(0, at)}${put}${text.slice(at)}${after}`
        for (const [name, { mark }] of LINT_RULES) {
          if (!mark.test(changed)) expect([name, changed, await reportedBy(name, changed)]).toEqual([name, changed, 0])
        }
      }),
      { seed: 51, numRuns: 400 },
    )
  })
})

describe('what the rules report', () => {
  it.each(samples)('is taken out of the text, of %s: %s', async (_name, text) => {
    const spans = await lintSpans(`see ${text} there`)

    expect(spans.length).toBeGreaterThan(0)
  })

  it('is the value, where a rule gives the place of the name', async () => {
    const text = `AWS_SECRET_ACCESS_KEY = "${AWS_SECRET}"`

    const [span] = await lintSpans(text)

    expect(text.slice(span?.start, span?.end)).toBe(AWS_SECRET)
  })

  it('is the password alone of a connection string', async () => {
    const text = `postgres://app:${random(14)}@db.acme.io/x`

    const [span] = await lintSpans(text)

    expect(text.slice(span?.start, span?.end)).toBe(random(14))
  })

  it('cannot be switched off by the text that is searched', async () => {
    expect(await lintSpans(`<!-- secretlint-disable -->\n${GITHUB} // secretlint-disable-line`)).toHaveLength(1)
  })

  it.each(['ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'])(
    'is nothing where it only stands for a secret: %s',
    async (text) => {
      expect(await lintSpans(text)).toEqual([])
    },
  )
})
