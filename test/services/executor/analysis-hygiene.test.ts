import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { analyse, git, makeRepository, makeWorkspace, placesOf, shown, write } from './analysis.fixture.ts'

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
const fence = (language: string, ...lines: readonly string[]) => `\`\`\`${language}\n${lines.join('\n')}\n\`\`\`\n`

/** A project that nothing can be said against; each test breaks one thing. */
function sound(): Record<string, string> {
  return {
    'README.md': `# Sound\n\n${fence('sh', 'npm install', 'npm run build', 'npm test')}`,
    LICENSE: 'MIT\n',
    '.gitignore': 'node_modules/\n',
    '.github/workflows/ci.yml': 'on: push\n',
    'package.json': json({
      name: 'sound',
      version: '1.0.0',
      license: 'MIT',
      repository: 'x/sound',
      engines: { node: '>=20' },
      scripts: { build: 'tsc', test: 'vitest' },
      dependencies: { zod: '^4.0.0' },
      devDependencies: { typescript: '^5.4.0' },
    }),
    'package-lock.json': json({
      lockfileVersion: 3,
      packages: { '': { dependencies: { zod: '^4.0.0' }, devDependencies: { typescript: '^5.4.0' } } },
    }),
    'tsconfig.json': '{\n  // strict is on\n  "compilerOptions": { "strict": true, },\n}\n',
  }
}

const soundWith = (files: Record<string, string>) => makeRepository({ files: { ...sound(), ...files } })

function soundWithout(...paths: readonly string[]): string {
  const files = sound()
  for (const path of paths) delete files[path]
  return makeRepository({ files })
}

const manifestWith = (changes: object) => ({ 'package.json': json({ ...JSON.parse(sound()['package.json'] ?? ''), ...changes }) })
const found = async (workspace: string) => placesOf(await analyse('hygiene', workspace))

describe('the hygiene analysis', () => {
  it('has nothing to say about a sound project', async () => {
    const output = await analyse('hygiene', soundWith({}))

    expect(output.findings).toEqual([])
    expect(output).toMatchObject({
      git: 'root',
      manifest: 'parsed',
      readme: 'README.md',
      licence: 'LICENSE',
      lockfiles: ['package-lock.json'],
      ci: ['.github/workflows'],
    })
  })

  it('has nothing to say about an empty folder', async () => {
    expect(await analyse('hygiene', makeWorkspace({ '.planner-exec/x': '' }))).toMatchObject({
      findings: [],
      notExamined: ['hygiene: the folder is empty'],
    })
  })

  it.each([
    ['README', ['README.md'], ['docs.readme-missing']],
    ['CI configuration', ['.github/workflows/ci.yml'], ['ci.none']],
    ['licence file', ['LICENSE'], ['package.license-file']],
    ['rule for node_modules', ['.gitignore'], ['git.packages-not-ignored']],
    ['lockfile', ['package-lock.json'], ['package.lockfile-missing package.json']],
  ])('misses a %s', async (_, paths, expected) => {
    expect(await found(soundWithout(...paths))).toEqual(expected)
  })

  it('takes other names and systems for what they are', async () => {
    const workspace = soundWithout('README.md', 'LICENSE', '.github/workflows/ci.yml', 'package-lock.json')
    write(workspace, { 'readme.rst': 'x\n', 'LICENCE-APACHE': 'x\n', '.ci/run': 'x\n', 'yarn.lock': 'x\n' })

    const output = await analyse('hygiene', workspace)

    expect(output.findings).toEqual([])
    expect(output.notExamined).toContain('whether yarn.lock is in step with package.json')
  })

  it('says nothing about git where there is none', async () => {
    const workspace = makeWorkspace({ ...sound(), '.env': 'API_KEY=sk-1234567890\n' })
    rmSync(join(workspace, '.github'), { recursive: true })

    const output = await analyse('hygiene', workspace)

    expect(output.findings).toEqual([])
    expect(output.notExamined).toContain('tracked and ignored files, CI: the workspace is not a git work tree')
  })

  it('leaves licence and CI to the root of the repository', async () => {
    const workspace = makeRepository({ files: { 'part/README.md': 'x\n', 'part/a.py': 'x\n', 'b.py': 'x\n' } })

    expect(await found(join(workspace, 'part'))).toEqual([])
    expect(placesOf(await analyse('hygiene', workspace, { path: 'part' }))).toEqual([])
  })
})

describe('commands of a README', () => {
  it('that do not exist are found, with their line', async () => {
    const workspace = soundWith({
      'README.md': `# Sound\r\n\r\nRun \`npm run lint\` first.\r\n\r\n${fence('bash', '$ npm ci && npm run bulid', 'npm start').replaceAll('\n', '\r\n')}`,
    })

    const output = await analyse('hygiene', workspace)

    expect(placesOf(output)).toEqual(['docs.readme-command README.md:3', 'docs.readme-command README.md:6', 'docs.readme-command README.md:7'])
    expect(output.findings.map((finding) => shown(workspace, finding))).toEqual([
      'Run `npm run lint` first.',
      '$ npm ci && npm run bulid',
      'npm start',
    ])
  })

  it.each([
    ['in prose', 'Type npm run lint to lint.\n'],
    ['in other code', fence('json', '"x": "npm run lint"')],
    ['in comments', fence('sh', '# npm run lint')],
    ['in another folder', fence('sh', 'cd examples', 'npm run lint')],
    ['in a new project', fence('sh', 'npm create thing', 'npm run lint')],
    ['where the reader went before', `${fence('sh', 'npm init thing')}Then:\n${fence('sh', 'npm run lint')}`],
    ['of another package', 'Run `npm run lint -w core`.\n'],
    ['only if present', 'Run `npm run lint --if-present`.\n'],
    ['that stand for many', 'Run `npm run lint:*` or `npm run <name>`.\n'],
    ['of another tool', 'Run `pnpm run lint`, `cnpm run lint` and `npm run-lint`.\n'],
    ['in a longer fence', '````md\n```sh\nnpm run lint\n```\n````\n'],
    ['that npm knows by itself', 'Run `npm restart`, `npm install` and `npm run`.\n'],
  ])('%s are left alone', async (_, text) => {
    const workspace = soundWith({ 'README.md': text, ...manifestWith({ scripts: { build: 'x', test: 'x', start: 'x' } }) })

    expect(await found(workspace)).toEqual([])
  })

  it('that another package of the repository has are left alone', async () => {
    const workspace = soundWith({ 'README.md': '`npm run lint`\n', 'packages/a/package.json': json({ scripts: { lint: 'x' } }) })

    expect(await found(workspace)).toEqual([])
  })
})

describe('the manifest', () => {
  it('is expected to say what installers need, when it is published', async () => {
    const workspace = soundWith(manifestWith({ engines: undefined, repository: undefined, license: undefined }))

    expect(await found(workspace)).toEqual(['package.engines package.json', 'package.license package.json', 'package.repository package.json'])
  })

  it('need not when it is private', async () => {
    expect(await found(soundWith(manifestWith({ private: true, engines: undefined, repository: undefined, license: undefined })))).toEqual([])
  })

  it.each([[undefined], ['echo "Error: no test specified" && exit 1']])('has no tests with the script %j', async (script) => {
    const workspace = soundWith({ ...manifestWith({ scripts: { build: 'tsc', test: script } }), 'README.md': '# x\n' })

    const output = await analyse('hygiene', workspace)

    expect(placesOf(output)).toEqual(['tests.no-script package.json'])
    expect(shown(workspace, output.findings[0])).toBe(script ?? 'undefined')
  })

  it('that is broken is said to be so, and nothing is made of it', async () => {
    const workspace = soundWith({ 'package.json': '{ "name": "x", }\n' })

    const output = await analyse('hygiene', workspace)

    expect(placesOf(output)).toEqual(['config.broken-json package.json'])
    expect(output.findings[0]).toMatchObject({ severity: 'high' })
    expect(output).toMatchObject({ manifest: 'broken' })
    expect(() => shown(workspace, output.findings[0])).toThrow('SyntaxError')
  })

  it('is allowed to be broken in a fixture', async () => {
    expect(await found(soundWith({ 'test/fixtures/package.json': '{', 'fixtures/a/tsconfig.json': '{' }))).toEqual([])
  })

  it('may hold anything', async () => {
    const workspace = soundWith({
      'package.json': '{"scripts": [], "dependencies": "x", "__proto__": 1, "name": {}, "license": 5}\n',
      'package-lock.json': '[]\n',
    })

    expect(await found(workspace)).toContain('tests.no-script package.json')
  })
})

describe('the lockfile', () => {
  it.each([
    ['a changed range', { dependencies: { zod: '^5.0.0' } }, 'zod: ^5.0.0 in package.json, ^4.0.0 in the lockfile'],
    ['a new dependency', { dependencies: { zod: '^4.0.0', xstate: '5.0.0' } }, 'xstate: 5.0.0 in package.json, absent in the lockfile'],
    ['a removed dependency', { dependencies: {} }, 'zod: absent in package.json, ^4.0.0 in the lockfile'],
  ])('is out of step after %s', async (_, changes, evidence) => {
    const output = await analyse('hygiene', soundWith(manifestWith(changes)))

    expect(placesOf(output)).toEqual(['package.lockfile-stale package-lock.json'])
    expect(output.findings[0]).toMatchObject({ evidence, confidence: 'verified' })
  })

  it('may list an optional dependency in its own way', async () => {
    expect(await found(soundWith(manifestWith({ dependencies: {}, optionalDependencies: { zod: '^4.0.0' } })))).toEqual([])
  })

  it('of version 1 cannot be compared, which is said', async () => {
    const output = await analyse('hygiene', soundWith({ 'package-lock.json': json({ lockfileVersion: 1, dependencies: {} }) }))

    expect(output.findings).toEqual([])
    expect(output.notExamined.join()).toContain('lockfile version 1')
  })

  it('may be switched off on purpose', async () => {
    const workspace = soundWithout('package-lock.json')
    write(workspace, { '.npmrc': 'package-lock=false\n' })

    expect(await found(workspace)).toEqual([])
  })
})

describe('the TypeScript configuration', () => {
  it('with strict switched off is found, with its line', async () => {
    const workspace = soundWith({ 'tsconfig.json': '{\n  "compilerOptions": {\n    "strict": false\n  }\n}\n' })

    const output = await analyse('hygiene', workspace)

    expect(placesOf(output)).toEqual(['config.not-strict tsconfig.json:3'])
    expect(shown(workspace, output.findings[0])).toBe('"strict": false')
  })

  it('without strict is found where TypeScript is known to be older than 6', async () => {
    expect(await found(soundWith({ 'tsconfig.json': '{ "extends": "./base" }', 'base.json': '{}' }))).toEqual(['config.not-strict tsconfig.json'])
  })

  it.each([
    ['inherits it', '{ "extends": "./base.json" }'],
    ['inherits it from the last of several', '{ "extends": ["./loose.json", "./base"] }'],
    ['extends a package', '{ "extends": "@tsconfig/node20" }'],
    ['extends what is not there', '{ "extends": "./gone.json" }'],
    ['extends something outside', '{ "extends": "../../base.json" }'],
    ['extends itself', '{ "extends": "./tsconfig.json" }'],
    ['chooses its parts', '{ "compilerOptions": { "strictNullChecks": true } }'],
    ['only lists projects', '{ "files": [], "references": [] }'],
  ])('that %s is left alone', async (_, text) => {
    expect(await found(soundWith({ 'tsconfig.json': text, 'base.json': '{"compilerOptions":{"strict":true}}', 'loose.json': '{}' }))).toEqual([])
  })

  it('without strict is left alone where the default of TypeScript may be strict', async () => {
    expect(
      await found(
        soundWith({
          'tsconfig.json': '{}',
          ...manifestWith({ devDependencies: { typescript: '^5.4.0 || ^6' } }),
          'package-lock.json': json({ packages: { '': { dependencies: { zod: '^4.0.0' }, devDependencies: { typescript: '^5.4.0 || ^6' } } } }),
        }),
      ),
    ).toEqual([])
  })

  it('with comments and trailing commas is not broken', async () => {
    expect(await found(soundWith({ 'tsconfig.build.json': '\uFEFF// x\n{ "a": "/* no */, }", /* y */ "b": [1,], }\n' }))).toEqual([])
  })

  it('that cannot be parsed is found', async () => {
    expect(await found(soundWith({ 'tsconfig.build.json': '{ "a" 1 }' }))).toEqual(['config.broken-json tsconfig.build.json'])
  })
})

describe('what is in the repository', () => {
  it('should not be secrets; their values are never shown', async () => {
    const output = await analyse('hygiene', soundWith({ '.env': 'PORT=80\nexport DB_PASSWORD="hunter22"\nAPI_TOKEN=changeme\n' }))

    expect(output.findings).toMatchObject([
      { rule: 'secrets.env-tracked', severity: 'high', confidence: 'heuristic', evidence: 'assigns DB_PASSWORD (values not shown)' },
    ])
    expect(JSON.stringify(output)).not.toContain('hunter22')
  })

  it('may be an environment file without secrets, which is only worth a note', async () => {
    expect((await analyse('hygiene', soundWith({ 'app/.env.production': 'PORT=80\n' }))).findings).toMatchObject([
      { rule: 'git.env-tracked', severity: 'info', file: 'app/.env.production' },
    ])
  })

  it.each(['.env.example', '.env.sample', 'test/fixtures/.env', 'environment.ts', 'a.env.d.ts'])('may be %s', async (path) => {
    expect(await found(soundWith({ [path]: 'API_KEY=sk-1234567890\n' }))).toEqual([])
  })

  it('may lie beside it', async () => {
    const workspace = soundWith({})
    write(workspace, { '.env': 'API_KEY=sk-1234567890\n' })

    expect(await found(workspace)).toEqual([])
  })

  it('should not be installed packages', async () => {
    const workspace = soundWithout('.gitignore')
    write(workspace, { 'node_modules/zod/index.js': 'x\n' })
    git(workspace, 'add', '-A')

    const output = await analyse('hygiene', workspace)

    expect(placesOf(output)).toEqual(['git.packages-tracked node_modules'])
    expect(shown(workspace, output.findings[0])).toBe('1')
  })
})
