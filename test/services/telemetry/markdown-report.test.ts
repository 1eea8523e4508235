import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure } from '../../../src/errors.ts'
import { cellCode, code, prose } from '../../../src/services/telemetry/markdown-text.ts'
import { assembleReport, renderMarkdown, type ReportInput } from '../../../src/services/telemetry/report.ts'
import { NO_USAGE } from '../../../src/model/result.ts'
import { finding, input, result } from './report.fixture.ts'

const render = (...given: Parameters<typeof input>): string => renderMarkdown(assembleReport(input(...given)))
const headings = (markdown: string) => markdown.split('\n').filter((line) => line.startsWith('#'))

describe('the report for a person', () => {
  it('shows a finding with its place, evidence, reason, remedy and command', () => {
    const markdown = render({ look: { findings: [finding()] } })

    expect(markdown).toContain(
      [
        '### Type safety (1 low)',
        '',
        '**Explicit `any`** (low, verified)',
        '',
        '- `src/a.ts:3`: `let a: any` (`types.any-46c6ba0b`)',
        '- Why: Nothing is checked.',
        '- Fix: Give it a type.',
        "- Show: `sed -n '3p' src/a.ts`",
      ].join('\n'),
    )
  })

  it('has its sections in the order a reader wants them', () => {
    const markdown = render({ look: { findings: [finding(), finding({ rule: 'size.large-file', severity: 'medium', line: null })] } })

    expect(headings(markdown)).toEqual([
      '# Report',
      '## Do this first',
      '## Findings',
      '### Size (1 medium)',
      '### Type safety (1 low)',
      '## Not looked at, or not finished',
      '## Success criteria',
      '## Actions',
      '## Assumptions',
      '## The run',
    ])
  })

  it('puts many places of one kind together', () => {
    const findings = Array.from({ length: 20 }, (_, index) => finding({ line: index + 1 }))

    const markdown = render({ look: { findings } })

    expect(markdown).toContain('**Explicit `any`**: 20 places (low, verified)')
    expect(markdown.match(/- `src\/a\.ts:\d+`/g)).toHaveLength(4)
    expect(markdown).toContain('- and 16 more')
  })

  it.each([
    ['lint.eslint.no-unused-vars', 'Lint'],
    ['lint.oxc.const-comparisons', 'Lint'],
    ['lint.disabled', 'Switched-off checks'],
    ['lint.disabled-all', 'Switched-off checks'],
    ['types.ts-ignore', 'Switched-off checks'],
    ['types.any', 'Type safety'],
  ])('puts findings of %s under the theme %s', (rule, theme) => {
    expect(headings(render({ look: { findings: [finding({ rule })] } }))).toContain(`### ${theme} (1 low)`)
  })

  it('makes one group of a rule, and says at each place what is not the same for all', () => {
    const unused = (name: string, line: number) =>
      finding({
        rule: 'lint.eslint.no-unused-vars',
        title: `'${name}' is never used`,
        evidence: name,
        fix: `Remove ${name}.`,
        line,
      })

    const markdown = render({ look: { findings: [unused('a', 3), unused('b', 5)] } })

    expect(markdown).toContain(
      [
        '**no-unused-vars (eslint)**: 2 places (low, verified)',
        '',
        "- `src/a.ts:3`: 'a' is never used: `a` (`lint.eslint.no-unused-vars-1d4804c7`)",
        '  - Fix: Remove a.',
        "- `src/a.ts:5`: 'b' is never used: `b` (`lint.eslint.no-unused-vars-003778f7`)",
        '  - Fix: Remove b.',
        '- Why: Nothing is checked.',
        "- Show the first: `sed -n '3p' src/a.ts`",
      ].join('\n'),
    )
  })

  it('says once what most places share, and what is different only there', () => {
    const fixes = ['Remove it.', 'Use it.', 'Remove it.']

    const markdown = render({ look: { findings: fixes.map((fix, index) => finding({ fix, line: index + 1 })) } })

    expect(markdown).toContain(
      [
        '- `src/a.ts:1`: `let a: any` (`types.any-46c6ba0b`)',
        '- `src/a.ts:2`: `let a: any` (`types.any-46c6ba0b-2`)',
        '  - Fix: Use it.',
        '- `src/a.ts:3`: `let a: any` (`types.any-46c6ba0b-3`)',
        '- Why: Nothing is checked.',
        '- Fix of most: Remove it.',
      ].join('\n'),
    )
  })

  it('tells groups of one title apart by their rules', () => {
    const findings = [finding(), finding({ rule: 'types.loose', line: 8 }), finding({ rule: 'types.lost', line: 9, severity: 'info' })]

    const groups = render({ look: { findings } }).match(/^\*\*.*\)$/gm)

    expect(groups).toEqual([
      '**Explicit `any` (rule `types.any`)** (low, verified)',
      '**Explicit `any` (rule `types.loose`)** (low, verified)',
      '**Explicit `any`** (info, verified)',
    ])
  })

  it('leaves out of the usage what was not used or not measured', () => {
    const used = { ...NO_USAGE, wallMs: 1_500 }

    expect(render({}, { usage: used })).toContain('\n\n1.5 s of actions.\n')
    expect(
      render({}, { usage: { ...used, cpuMs: 20, maxRssBytes: 3_145_728, fsOperations: 1, networkRequests: 2, tokens: 1_000, usd: 0.5 } }),
    ).toContain('\n\n1.5 s of actions, 0.0 s CPU, 3 MiB peak, 1 file operation, 2 network requests, 1,000 tokens, 0.5000 USD.\n')
  })

  it.each([
    ['folded away', 'criteria_met', '<details>'],
    ['open where not all went well', 'accepted', '<details open>'],
  ] as const)('has how it was done at its end, %s', (_, exitReason, tag) => {
    const [before = '', inside = '', after] = render({}, { exitReason }).split(
      /\n\n(?:<details.*>\n<summary>How it was done<\/summary>|<\/details>)\n/,
    )

    expect(render({}, { exitReason })).toContain(`\n\n${tag}\n<summary>`)
    expect(headings(before)).not.toContain('## Actions')
    expect(headings(inside)).toEqual(['## Success criteria', '## Actions', '## Assumptions', '## The run'])
    expect(after).toBe('')
  })

  it('quotes evidence on one short line', () => {
    const evidence = [{ id: 'e1', source: 'fs.list.v1 .', sha256: '', quote: `{\n${'x'.repeat(500)}` }]

    expect(render({}, { evidence })).toContain(`\n- \`e1\` from \`fs.list.v1 .\`: \`{ ${'x'.repeat(117)}…\`\n`)
  })

  it('says once why several things were not looked at', () => {
    expect(render({}, { notExamined: ['its lint: not allowed', 'its tests: not allowed'] })).toContain('\n- its lint; its tests: not allowed\n')
  })

  it('lists the actions with outcome, attempts and rule, and why some did not succeed', () => {
    const results = new Map([
      ['look', result('look', { attempts: 2 })],
      ['count', result('count', { outcome: 'denied', ruleId: 'agent:rules[1]', failure: failure('GUARD_DENIED', 'The rule forbids it.') })],
    ])

    const markdown = render({}, { results })

    expect(markdown).toContain('| `look` | Step look | `analysis.inventory.v1` | succeeded | 2 | `workstation:rules[0]` |')
    expect(markdown).toContain('| `count` | Step count | `analysis.inventory.v1` | denied | 1 | `agent:rules[1]` |')
    expect(markdown).toContain('- `count` denied: The rule forbids it. (`GUARD_DENIED`) Change the action, or use a policy that allows it.')
  })

  it('shows the criteria with their evidence', () => {
    expect(render({})).toContain('- **met**: step look succeeded (It did.)')
  })

  it('tells of a failed run why it ended, what was done and how to go on', () => {
    const results = new Map([
      ['look', result('look')],
      ['count', result('count', { outcome: 'failed', inDoubt: true, failure: failure('ACTION_FAILED', 'Disk full.') })],
    ])
    const changes: Partial<ReportInput> = { results, status: 'failed', exitReason: 'action_failed', failure: failure('ACTION_FAILED', 'Disk full.') }

    const markdown = render({}, changes)

    expect(markdown).toContain('**Outcome:** failed: an action failed, in 2.0 s.')
    expect(markdown).toContain(
      [
        '## Why it ended',
        '',
        '- Why: Disk full. (`ACTION_FAILED`, in stage action).',
        '- Done until then: `look`.',
        '- In doubt, may or may not have happened: `count`.',
        '- To go on: Look at the cause in the report.',
        '- To see each event: `planner-exec events run-1`',
      ].join('\n'),
    )
  })

  it('tells of a cancelled run that it was cancelled', () => {
    const markdown = render({}, { results: new Map(), status: 'cancelled', exitReason: 'cancelled' })

    expect(markdown).toContain('## Why it ended\n\n- Why: it was cancelled.\n- Done until then: nothing.')
  })

  it('says in plain words what was looked at, and what the report leaves out', () => {
    const inventory = {
      files: 12,
      text: { files: 9, lines: 12_345, bytes: 1 },
      languages: [
        { language: 'TypeScript', kind: 'code', files: 8, lines: 12_300, bytes: 1 },
        { language: 'JSON', kind: 'data', files: 1, lines: 45, bytes: 1 },
      ],
      leftOut: { vendored: 0, generated: 3 },
    }

    const markdown = render({ look: inventory }, { suppressions: { entries: [], problems: ['planner-exec.suppressions.yaml was not used.'] } })

    expect(markdown).toContain('- **Looked at:** 9 files with 12,345 lines: TypeScript 100 % and 1 other kind of text. Left out: 3 generated.')
    expect(markdown).toContain('- **Note:** planner-exec.suppressions.yaml was not used.')
  })

  it('shows pictures by the names of their files', () => {
    const figure = { kind: 'scatter', name: 'hotspots', title: 'Hot [spots]', note: 'Note.', xLabel: 'x', yLabel: 'y', points: [] }

    expect(render({ look: { figures: [figure] } })).toContain('## Pictures\n\n![Hot \\[spots\\]](hotspots.svg)\n\nNote.')
  })

  it('stays short however much there is', () => {
    const findings = Array.from({ length: 3_000 }, (_, index) =>
      finding({ rule: `r${index % 30}.x${index % 300}`, line: index + 1, evidence: `e${index}`, fix: `Fix ${index % 300}.` }),
    )

    const lines = render({ look: { findings } }).split('\n')

    expect(lines.length).toBeLessThan(500)
    expect(lines.filter((line) => /^And \d+ findings more \(\d+ low\), in `report.json`\.$/.test(line)).length).toBe(30)
  })

  it('is the same for the same report', () => {
    const report = assembleReport(input({ look: { findings: [finding(), finding({ line: 4 })] } }))

    expect(renderMarkdown(report)).toBe(renderMarkdown(structuredClone(report)))
  })
})

/** The only HTML of a report. */
const FRAME = ['<details>', '<summary>How it was done</summary>', '</details>']

const ATTACKS = [
  '</details>',
  '\n\n</details>\n\n<details>\n',
  '</summary></details><h1>Owned</h1>',
  '\n# Owned\n',
  '\n\n---\n',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '![x](https://evil.example/a.png)',
  '[x](javascript:alert(1))',
  '[x]: https://evil.example',
  'https://evil.example/?q=1',
  'www.evil.example',
  'mail@evil.example',
  '@everyone',
  '| a | b |\n|---|---|',
  '```\n# Owned\n```',
  '`x` ``y``',
  '**bold** _em_ ~~no~~',
  '&lt;b&gt;',
  '\x1b[2J\x1b[31m',
  '\u202eright',
  '- item\n1. one\n> quote',
  '\\',
  '\\`',
  '$x$',
  '1. one',
  '    code',
]

describe('untrusted text in the report', () => {
  const plain = headings(renderMarkdown(assembleReport(hostileInput('x')))).length

  it.each(ATTACKS)('%j stays text wherever it stands', (attack) => {
    const markdown = renderMarkdown(assembleReport(hostileInput(attack)))

    expect(headings(markdown)).toHaveLength(plain)
    expect(markdown.split('\n').filter((line) => FRAME.includes(line))).toEqual(FRAME)
    expect(outsideOfSpans(markdown).replaceAll('**', '')).not.toMatch(/[<>[\]*~`$]|\b_|_\b|:\/\/|www\.|@|\x1b|\u202e/)
    expect(
      markdown
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .map((line) => line.match(/(?<!\\)\|/g)?.length),
    ).toEqual([7, 7, 7, 7])
  })

  it('never has an unescaped character that means something, nor a control character', () => {
    const part = fc.constantFrom(
      '`',
      '``',
      '|',
      '<',
      '>',
      '[',
      ']',
      '(',
      ')',
      '*',
      '_',
      '#',
      '\\',
      '\n',
      '-',
      '1.',
      ' ',
      'a',
      '!',
      '~',
      '&',
      '@',
      'https://x',
      '\x1b',
      '\u202e',
    )

    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 20 }).map((parts) => parts.join('')),
        (text) => {
          expect(outsideOfSpans(prose(text)).replaceAll('&#124;', '')).not.toMatch(/[<>[\]*~#|`]|(?<![a-z0-9])_|_(?![a-z0-9])|\n|\x1b|\u202e/)
          expect(outsideOfSpans(code(text))).toMatch(/^(?:\(empty\))?$/)
          expect(outsideOfSpans(cellCode(text)).replaceAll('&#124;', '')).toBe('')
          expect(cellCode(text)).not.toContain('|')
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('keeps what it says', () => {
    expect(prose('a_b * _c_')).toBe('a_b \\* \\_c\\_')
    expect(prose('- x')).toBe('\\- x')
    expect(prose('1. x')).toBe('1\\. x')
    expect(code('a | b')).toBe('`a | b`')
    expect(code('`a`')).toBe('`` `a` ``')
    expect(cellCode('a|b')).toBe('`a`&#124;`b`')
    expect(prose('use `a_b`, or `')).toBe('use `a_b`, or \\`')
    expect(prose('(see https://example.org/a_b), x')).toBe('(see `https://example.org/a_b`), x')
  })
})

/** The text without its escapes and code spans, read as CommonMark does: a run of backticks is closed by the next run of the same length. */
function outsideOfSpans(markdown: string): string {
  return markdown
    .split('\n')
    .filter((line) => !FRAME.includes(line))
    .map((line) => line.replace(/\\[^\n]|(?<!`)(`+)(?!`)(?:.*?[^`])\1(?!`)/g, ''))
    .join('\n')
}

function hostile(text: string) {
  return {
    look: { findings: [finding({ rule: text, title: text, file: text, evidence: text, why: text, fix: text, command: text })], notExamined: [text] },
  }
}

function hostileInput(text: string): ReportInput {
  const results = new Map([
    ['look', result('look', { ruleId: text })],
    ['count', result('count', { outcome: 'failed', failure: { ...failure('ACTION_FAILED', text), hint: text, code: text } })],
  ])
  const base = input(hostile(text), {
    goal: text,
    planSource: text,
    runId: text,
    workflowType: text,
    results,
    criteria: [{ criterion: text, verdict: 'unmet', evidence: text }],
    notExamined: [text],
    evidence: [{ id: text, source: text, sha256: text, quote: text }],
  })
  return {
    ...base,
    plan: base.plan === null ? null : { ...base.plan, assumptions: [text], steps: base.plan.steps.map((step) => ({ ...step, title: text })) },
  }
}
