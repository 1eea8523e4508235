import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { oxlint, runLint } from '../../../src/services/executor/capabilities/analysis/oxlint.ts'
import { contextOf, makeRepository, makeWorkspace, placesOf, shown } from './analysis.fixture.ts'

const lint = async (workspace: string, args: object = {}) => oxlint.output.parse(await oxlint.run(oxlint.args.parse(args), contextOf(workspace)))

/** A program in the place of oxlint, of which the output is known. */
const lintBy = async (program: string, files: Readonly<Record<string, string>>) => {
  const workspace = makeWorkspace({ ...files, 'node_modules/fake.js': program })
  return runLint(oxlint.args.parse({}), contextOf(workspace), join(workspace, 'node_modules/fake.js'))
}
const saying = (...diagnostics: readonly object[]) => `console.log(${JSON.stringify(JSON.stringify({ diagnostics }))})`
const debuggerAt = (filename: string, line: number, offset: number) => ({
  message: 'No.',
  code: 'eslint(no-debugger)',
  filename,
  labels: [{ span: { offset, length: 8, line, column: 1 } }],
})

describe('the lint analysis', () => {
  it('tells what oxlint finds wrong, surely where the text confirms it', async () => {
    const workspace = makeWorkspace({
      '-n.ts': 'const größe = 1; debugger\nconst unused = 1\nlet a = 1\nif (a == NaN) a = größe\n',
      'it is/a*b.jsx': 'export const a = <p />\r\ndebugger\r\n',
    })

    const output = await lint(workspace)

    expect(output.files).toBe(2)
    expect(output.findings.map(({ rule, file, line, confidence, title }) => [rule, `${file}:${line}`, confidence, title])).toEqual([
      ['lint.eslint.no-debugger', '-n.ts:1', 'verified', '`debugger` statement is not allowed'],
      ['lint.eslint.no-debugger', 'it is/a*b.jsx:2', 'verified', '`debugger` statement is not allowed'],
      ['lint.eslint.no-unused-vars', '-n.ts:2', 'verified', "Variable 'unused' is declared but never used"],
      ['lint.eslint.use-isnan', '-n.ts:4', 'heuristic', 'Checking equality with NaN will always return false'],
    ])
    expect(output.findings.map((finding) => shown(workspace, finding))).toEqual(output.findings.map(({ evidence }) => evidence))
    expect(output.findings[0]?.fix).toMatch(/^Remove the debugger statement\. https:\/\/oxc\.rs\//)
    expect(await lint(workspace)).toEqual(output)
  })

  it.each([
    ['names that a comment uses', 'a.ts', '/** @param {Shape} x */\nimport { Shape } from "s"\nexport {}\n'],
    ['what a comment above explains', 'a.ts', 'let a = 1\n// Never true, and meant so.\nif (a == NaN) a = 2\n'],
    ['declarations', 'a.d.ts', 'declare class A {\n  #private\n}\nexport { A }\n'],
    ['assignments beside a comparison', 'a.ts', 'export const f = (v: string) => ({ a: v === "1" || v })\n'],
  ])('does not repeat what it says of %s', async (_, file, text) => {
    expect((await lint(makeWorkspace({ [file]: text }))).findings).toEqual([])
  })

  it('takes oddities in tests for information', async () => {
    const { findings } = await lint(makeWorkspace({ 'a.test.ts': 'let a = 1\nif (a == NaN) a = 2\n' }))

    expect(findings).toMatchObject([{ rule: 'lint.eslint.use-isnan', severity: 'info' }])
  })

  it('uses neither configuration nor programs of the workspace', async () => {
    const evil = "import { writeFileSync } from 'node:fs'; writeFileSync('pwned', ''); export default {}\n"
    const workspace = makeWorkspace({
      'a.ts': 'debugger\n',
      'in/a.ts': 'debugger\n',
      '.oxlintrc.json': '{"jsPlugins":["./evil.mjs"],"categories":{"correctness":"off"}}',
      'in/.oxlintrc.json': '{"jsPlugins":["../evil.mjs"],"categories":{"correctness":"off"}}',
      'oxlint.config.ts': evil,
      'in/oxlint.config.ts': evil,
      'evil.mjs': evil,
      'node_modules/oxlint/package.json': '{"name":"oxlint","version":"9.9.9"}',
      'node_modules/oxlint/bin/oxlint': evil,
    })

    expect(placesOf(await lint(workspace))).toEqual(['lint.eslint.no-debugger a.ts:1', 'lint.eslint.no-debugger in/a.ts:1'])
    expect(existsSync(join(workspace, 'pwned'))).toBe(false)
    expect(existsSync(join(workspace, 'in/pwned'))).toBe(false)
  })

  it('leaves out what nobody wrote, what git ignores, and other languages', async () => {
    const workspace = makeRepository({
      files: { '.gitignore': 'out\n', 'a.py': 'x\n', 'vendor/a.js': 'debugger\n', 'test/fixtures/a.js': 'debugger\n' },
    })

    expect(await lint(workspace)).toMatchObject({ files: 0, findings: [], notExamined: [] })

    const written = makeWorkspace({ 'gen.js': '// @generated\ndebugger\n', 'a.js': 'f()\n', 'src/b.js': 'debugger\n' })

    expect(placesOf(await lint(written))).toEqual(['lint.eslint.no-debugger src/b.js:1'])
    expect(await lint(written, { path: 'src' })).toMatchObject({ files: 1 })
  })

  it('says what cannot be parsed, and how much is left out', async () => {
    const workspace = makeWorkspace({ 'bad.ts': 'let let let (\ndebugger\n', 'a.ts': 'debugger\n'.repeat(5) })

    const output = await lint(workspace, { maxFindings: 2 })

    expect(output).toMatchObject({ counts: { 'lint.eslint.no-debugger': 5 }, truncated: true })
    expect(placesOf(output)).toEqual(['lint.eslint.no-debugger a.ts:1', 'lint.eslint.no-debugger a.ts:2'])
    expect(output.notExamined).toEqual([
      'lint rules in files that oxlint cannot parse: bad.ts',
      '3 more places that oxlint told of, beyond maxFindings (2)',
    ])
  })

  it('drops what is told of other files and other places', async () => {
    const told = saying(
      debuggerAt('a.js', 1, 0),
      debuggerAt('a.js', 2, 0),
      debuggerAt('a.js', 9, 0),
      debuggerAt('../secret.js', 1, 0),
      debuggerAt('/etc/passwd', 1, 0),
      debuggerAt('vendor/a.js', 1, 0),
      { ...debuggerAt('a.js', 1, 0), code: 'eslint(x) y' },
    )

    const output = await lintBy(told, { 'a.js': 'debugger\nx\n', 'vendor/a.js': 'debugger\n' })

    expect(placesOf(output)).toEqual(['lint.eslint.no-debugger a.js:1'])
  })

  it('needs oxlint beside the controller, and an answer of it', async () => {
    const args = oxlint.args.parse({})

    await expect(runLint(args, contextOf(makeWorkspace()), null)).rejects.toMatchObject({
      code: 'CAPABILITY_UNAVAILABLE',
      hint: expect.stringContaining('npm install oxlint'),
    })
    await expect(lintBy("console.error('broken'); process.exit(3)", { 'a.js': 'x\n' })).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      message: 'oxlint ended with 3 and no result: broken',
    })
  })

  it('stops when it shall', async () => {
    const workspace = makeWorkspace({ 'a.js': 'x\n' })
    const abort = new AbortController()
    const stopped = oxlint.run(oxlint.args.parse({}), contextOf(workspace, { signal: abort.signal, heartbeat: () => abort.abort() }))

    await expect(stopped).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
  })
})
