import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadPolicy } from '../../../src/services/guard/policy-file.ts'
import { temporaryFolder } from './fixtures.ts'

async function fileWith(content: string | Uint8Array, name = 'mine.yaml'): Promise<string> {
  const file = join(await temporaryFolder(), name)
  await writeFile(file, content)
  return file
}

describe('loadPolicy', () => {
  it('reads a file and fills in what it leaves out', async () => {
    const source = await fileWith('version: 1\nrules:\n  - allow: fs.read(src/**)\n')

    const loaded = await loadPolicy(source)

    expect(loaded).toMatchObject({
      name: 'mine',
      source,
      policy: { enforcement: 'strict', rules: [{ allow: ['fs.read(src/**)'] }], limits: { max_timeout_ms: 3_600_000 } },
    })
  })

  it('reads JSON', async () => {
    const source = await fileWith('{"version": 1, "defaults": {"*": "ask"}}', 'mine.json')

    expect((await loadPolicy(source)).policy.defaults).toEqual({ '*': 'ask' })
  })

  it('finds a profile by its name in the folder of the profiles', async () => {
    const profilesDir = await temporaryFolder()
    await writeFile(join(profilesDir, 'quiet.yaml'), 'version: 1')

    expect(await loadPolicy('quiet', { profilesDir })).toMatchObject({ name: 'quiet', source: join(profilesDir, 'quiet.yaml') })
  })

  it('does not leave the folder of the profiles for a name', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'other.yaml'), 'version: 1')

    await expect(loadPolicy('../other', { profilesDir: join(folder, 'profiles') })).rejects.toMatchObject({ code: 'POLICY_UNKNOWN' })
  })

  it('names the profiles there are when a profile is missing', async () => {
    await expect(loadPolicy('workstatoin')).rejects.toMatchObject({
      code: 'POLICY_UNKNOWN',
      hint: expect.stringMatching(/Did you mean workstation\?.*paranoid, server, workstation/),
    })
  })

  it('says that a file is missing', async () => {
    await expect(loadPolicy('./no-such-policy.yaml')).rejects.toMatchObject({
      code: 'POLICY_UNKNOWN',
      message: expect.stringContaining('no-such-policy.yaml'),
    })
  })
})

const ALIAS_BOMB = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...[...'bcdefghi'].map((letter, index) => `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[index]}`).join(',')}]`),
].join('\n')

describe('a policy file', () => {
  it.each([
    ['an unknown key', 'version: 1\nrule: []\n', /:2:1: rule: unknown key "rule" \(did you mean rules\?\); allowed: version, enforcement/],
    [
      'an unknown key in a rule',
      'version: 1\nrules:\n  - allwo: fs.read\n    reason: x\n',
      /:3:5: rules\[0\]\.allwo: unknown key "allwo" \(did you mean allow\?\); allowed: id, allow, ask, deny, when, unless, reason, examples/,
    ],
    [
      'two decisions in one rule',
      'version: 1\nrules:\n  - allow: fs.read\n    deny: fs.read\n',
      /:3:5: rules\[0\]: a rule has exactly one of allow, ask, deny/,
    ],
    ['no decision in a rule', 'version: 1\nrules:\n  - reason: x\n', /:3:5: rules\[0\]: a rule has exactly one/],
    ['a wrong version', 'version: 2\n', /:1:1: version: .*1/],
    ['no version', 'rules: []\n', /:1:1: version: /],
    ['a wrong decision', 'version: 1\ndefaults:\n  "*": maybe\n', /:3:3: defaults\.\*: .*"allow"\|"ask"\|"deny"/],
    ['a wrong kind of value', 'version: 1\nrules:\n  - allow: 7\n', /:3:5: rules\[0\]\.allow: expected a text/],
    ['an empty list', 'version: 1\nrules:\n  - allow: []\n', /:3:5: rules\[0\]\.allow: .*>=1 items/],
    [
      'a pattern that cannot match',
      'version: 1\nrules:\n  - deny:\n      - fs.read(ok)\n      - fs.read(a[b/**)\n',
      /:5:9: rules\[0\]\.deny\[1\]: fs\.read: "a\[b\/\*\*" is not a pattern/,
    ],
    ['a capability with its version', 'version: 1\nrules:\n  - deny: fs.read.v1\n', /:3:5: .*write "fs\.read"/],
    [
      'a rule that never applies',
      'version: 1\nrules:\n  - ask: fs.*\n  - allow: fs.read(a)\n',
      /:4:5: rules\[1\]\.allow\[0\]: "fs\.read\(a\)" never applies: mine:rules\[0\]\.ask/,
    ],
    ['a default for no capability', 'version: 1\ndefaults:\n  "fs read": ask\n', /:3:3: .*not a capability/],
    ['a tab', 'version: 1\nrules:\n\t- allow: fs.read\n', /:3:1: .*[Tt]ab/],
    ['a key twice', 'version: 1\nversion: 1\n', /:2:1: .*unique/],
    ['an alias bomb', ALIAS_BOMB, /aliases \(\*name\) are not allowed/],
    ['an anchor', 'version: 1\nrules: &r []\n', /:2:\d+: anchors \(&name\) are not allowed/],
    ['a merge key', 'version: 1\nlimits:\n  <<: {max_file_bytes: 1}\n', /:3:3: limits\.<<: unknown key/],
    ['a tag', 'version: !!int 1\n', /tag/],
    ['a foreign tag', 'version: !!js/function 1\n', /tag/],
    ['two documents', 'version: 1\n---\nversion: 1\n', /document/],
    ['__proto__', 'version: 1\ndefaults: {__proto__: allow}\n', /:2:12: the key __proto__ is not allowed/],
    ['deep nesting', '['.repeat(100_000), /mine\.yaml:1:\d+: /],
    ['nothing', '', /is empty/],
    ['only a comment', '# nothing\n', /expected object/],
    ['a list', '- a\n', /expected object/],
    ['binary data', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]), /not UTF-8/],
    ['NUL characters', 'version: 1\0', /NUL/],
    ['too much', `version: 1 #${'x'.repeat(300_000)}`, /at most 262144/],
  ])('is refused with %s', async (_, content, message) => {
    const source = await fileWith(content)

    await expect(loadPolicy(source)).rejects.toMatchObject({ code: 'POLICY_INVALID', message: expect.stringMatching(message) })
  })

  it('is refused with every problem at once', async () => {
    const source = await fileWith(
      'version: 3\nenforcement: hard\nlimits: {max_file_bytes: 0}\nrules:\n  - alow: x\n  - deny: [fs.read, "fs.read(../x)"]\n',
    )

    const error = await loadPolicy(source).catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({
      message: expect.stringMatching(/has \d problems:/),
      details: expect.arrayContaining([
        expect.stringContaining(':2:1: enforcement'),
        expect.stringContaining('limits.max_file_bytes'),
        expect.stringContaining('rules[0].alow'),
        expect.stringContaining(':6:21: rules[1].deny[1]: fs.read: '),
      ]),
    })
  })

  it('is refused when it is a folder', async () => {
    const folder = join(await temporaryFolder(), 'policy.yaml')
    await mkdir(folder)

    await expect(loadPolicy(folder)).rejects.toMatchObject({ code: 'POLICY_INVALID', message: expect.stringContaining('is a folder') })
  })

  it('is refused when it is a pipe, without waiting for it', async () => {
    const pipe = join(await temporaryFolder(), 'policy.yaml')
    execFileSync('mkfifo', [pipe])

    await expect(loadPolicy(pipe)).rejects.toMatchObject({ code: 'POLICY_INVALID', message: expect.stringContaining('special file') })
  })
})
