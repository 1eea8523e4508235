import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { secrets } from '../../../src/services/executor/capabilities/analysis/secrets.ts'
import { makeRepository, makeWorkspace, runAnalysis, shown, write } from './analysis.fixture.ts'

// No secret stands in this file, nor what a scanner would take for one: all are made here, of random or hashed characters.
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Characters of an alphabet that look random and are the same in every run. */
function made(seed: string, length: number, alphabet: string): string {
  let text = ''
  for (let at = 0; text.length < length; at += 1) {
    const bytes = createHmac('sha256', 'test').update(`${seed}${at}`).digest()
    text += [...bytes].map((byte) => alphabet[byte % alphabet.length] ?? '').join('')
  }
  return text.slice(0, length)
}

function base62(value: number): string {
  let digits = ''
  for (let left = value; left > 0; left = Math.floor(left / 62)) digits = (BASE62[left % 62] ?? '') + digits
  return digits.padStart(6, '0')
}

const checked = (prefix: string, body: string): string => `${prefix}${body}${base62(crc32(body))}`
const githubToken = checked('ghp_', made('github', 30, BASE62))
const npmToken = checked('npm_', made('npm', 30, BASE62))
const upper = (seed: string, length: number) => made(seed, length, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')
const word = (seed: string, length: number) => made(seed, length, `${BASE62}_-`)
const hex = (seed: string, length: number) => made(seed, length, '0123456789abcdef')

function webToken(header: object, payload: object): string {
  const unsigned = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${unsigned}.${createHmac('sha256', 'key').update(unsigned).digest('base64url')}`
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
const sec1 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' }).toString()
const armoured = (kind: string, bytes: Buffer) =>
  `-----BEGIN ${kind}-----\n${bytes.toString('base64').replace(/.{70}/g, '$&\n')}\n-----END ${kind}-----\n`
const openssh = armoured('OPENSSH PRIVATE KEY', Buffer.concat([Buffer.from('openssh-key-v1\0\0\0\0\u0004none'), randomBytes(200)]))

async function found(files: Readonly<Record<string, string>>): Promise<string[]> {
  const output = await runAnalysis(secrets, makeWorkspace(files))
  return output.findings.map(({ rule, severity, confidence, file, line }) => `${severity} ${confidence} ${rule} ${file}:${line}`)
}

describe('tokens of known formats', () => {
  it.each([
    ['a GitHub token', githubToken, 'high verified secrets.github-token'],
    ['an npm token', npmToken, 'high verified secrets.npm-token'],
    ['a fine-grained GitHub token', `github_pat_${made('f1', 22, BASE62)}_${made('f2', 59, BASE62)}`, 'medium heuristic secrets.github-token'],
    ['a GitLab token', `glpat-${made('lab', 20, BASE62)}`, 'medium heuristic secrets.gitlab-token'],
    ['an AWS key id', `AKIA${upper('aws', 16)}`, 'medium heuristic secrets.aws-access-key'],
    [
      'a Slack token',
      `xoxb-${made('a', 12, '9182736450')}-${made('b', 12, '9182736450')}-${made('c', 24, BASE62)}`,
      'medium heuristic secrets.slack-token',
    ],
    ['a live Stripe key', `sk_live_${made('stripe', 24, BASE62)}`, 'medium heuristic secrets.stripe-key'],
    ['a Stripe test key', `sk_test_${made('stripe', 24, BASE62)}`, 'low heuristic secrets.stripe-key'],
    ['a Google API key', `AIza${word('google', 34)}a`, 'low heuristic secrets.google-api-key'],
    ['an OpenAI key', `sk-${made('o1', 20, BASE62)}T3BlbkFJ${made('o2', 20, BASE62)}`, 'high verified secrets.openai-key'],
    ['an Anthropic key', `sk-ant-api03-${word('claude', 93)}AA`, 'medium heuristic secrets.anthropic-key'],
    ['a SendGrid key', `SG.${word('s1', 22)}.${word('s2', 42)}a`, 'medium heuristic secrets.sendgrid-key'],
    ['a Hugging Face token', `hf_${made('hf', 34, BASE62.slice(10))}`, 'medium heuristic secrets.huggingface-token'],
    [
      'an Azure storage key',
      `AccountName=a;AccountKey=${Buffer.from(hex('azure', 64)).toString('base64')}`,
      'high verified secrets.azure-storage-key',
    ],
    ['a JSON web token', webToken({ alg: 'HS256', typ: 'JWT' }, { sub: 'ada', scope: 'all' }), 'medium verified secrets.json-web-token'],
  ])('find %s', async (_, token, expected) => {
    expect(await found({ 'src/a.ts': `const first = 1\nconst x = '${token}'\n` })).toEqual([`${expected} src/a.ts:2`])
  })

  it('find a Twilio key only where Twilio is meant', async () => {
    const key = `SK${hex('twilio', 32)}`

    expect(await found({ 'a.ts': `const twilio = '${key}'\n`, 'b.ts': `const checks = '${key}'\n` })).toEqual([
      'medium heuristic secrets.twilio-key a.ts:1',
    ])
  })

  it.each([
    ['a GitHub token whose checksum is wrong', `ghp_${made('github', 36, BASE62)}`],
    ['an npm token whose checksum is wrong', `npm_${made('npm', 36, BASE62)}`],
    ['the key of the AWS documentation', 'AKIAIOSFODNN7EXAMPLE'],
    ['a placeholder', `sk_live_${'x'.repeat(24)}`],
    ['an alphabet', `sk_live_abcdefghijklmnopqrstuvwx`],
    ['a part of a longer word', `a${githubToken}`],
    ['the sample of jwt.io', webToken({ alg: 'HS256', typ: 'JWT' }, { sub: '1234567890', name: 'John Doe' })],
    ['an unsigned web token', webToken({ alg: 'none' }, { sub: 'ada' })],
    ['a web token without a header', `eyJ${made('j1', 30, BASE62)}.eyJ${made('j2', 30, BASE62)}.${made('j3', 43, BASE62)}`],
    ['a public web token', webToken({ alg: 'HS256' }, { role: 'anon', iss: 'supabase' })],
  ])('leave out %s', async (_, token) => {
    expect(await found({ 'src/a.ts': `const x = '${token}'\n` })).toEqual([])
  })

  it('trusts a checksum in tests and documents too, and nothing else there', async () => {
    const stripe = `sk_live_${made('stripe', 24, BASE62)}`

    expect(
      await found({ 'README.md': `${githubToken}\n`, 'a.test.ts': `f('${npmToken}')\n`, 'docs/b.md': `${stripe}\n`, 'c.ts': `// ${stripe}x\n` }),
    ).toEqual([
      'medium verified secrets.github-token README.md:1',
      'medium verified secrets.npm-token a.test.ts:1',
      'info heuristic secrets.stripe-key c.ts:1',
      'info heuristic secrets.stripe-key docs/b.md:1',
    ])
  })

  it('matter little in comments, whatever the language', async () => {
    const stripe = `sk_live_${made('stripe', 24, BASE62)}`

    expect(
      await found({ 'a.py': `x = 1 # ${stripe}\n`, 'b.unknown': `# ${stripe}x\n`, 'c.yml': `# ${stripe}y\n`, 'd.unknown': `x ${stripe}z\n` }),
    ).toEqual([
      'medium heuristic secrets.stripe-key d.unknown:1',
      'info heuristic secrets.stripe-key a.py:1',
      'info heuristic secrets.stripe-key b.unknown:1',
      'info heuristic secrets.stripe-key c.yml:1',
    ])
  })

  it('make one finding when the same one stands in several places', async () => {
    const workspace = makeWorkspace({ 'a.test.ts': `'${githubToken}'\n`, 'b.ts': `'${githubToken}'\n`, 'c.ts': `\n'${githubToken}'\n` })

    const { findings } = await runAnalysis(secrets, workspace)

    expect(findings.map(({ severity, file, evidence }) => [severity, file, evidence])).toEqual([
      ['high', 'b.ts', 'ghp_… (40 characters), also in c.ts:2, a.test.ts:1'],
    ])
  })
})

describe('private keys', () => {
  it.each([
    ['PKCS #8', pkcs8, 'high'],
    ['PKCS #1', pkcs1, 'high'],
    ['SEC 1', sec1, 'high'],
    ['OpenSSH', openssh, 'high'],
    ['PGP', armoured('PGP PRIVATE KEY BLOCK', Buffer.concat([Buffer.from([0x95, 1, 2]), randomBytes(300)])), 'high'],
    ['encrypted PKCS #8', encrypted, 'medium'],
    ['CRLF', pkcs8.replaceAll('\n', '\r\n'), 'high'],
    ['a JSON string', JSON.stringify({ private_key: pkcs8 }), 'high'],
    [
      'lines in quotes',
      pkcs8
        .split('\n')
        .map((line) => `'${line}\\n' +`)
        .join('\n'),
      'high',
    ],
    ['indentation', pkcs8.replaceAll('\n', '\n    '), 'high'],
  ])('are found as %s', async (_, text, severity) => {
    expect(await found({ 'config/key.txt.conf': text })).toEqual([`${severity} verified secrets.private-key config/key.txt.conf:1`])
  })

  it.each([
    ['without a body', '-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n'],
    ['without an end', pkcs8.slice(0, 400)],
    ['cut short', pkcs8.replace(/\n[^\n]+\n/, '\n')],
    ['that are public', generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['of random bytes', armoured('PRIVATE KEY', Buffer.from(hex('no', 200)))],
  ])('are not found %s', async (_, text) => {
    expect(await found({ 'key.pem': text })).toEqual([])
  })

  it('matter little in tests', async () => {
    expect(await found({ 'test/fixtures/key.pem': pkcs8 })).toEqual(['low verified secrets.private-key test/fixtures/key.pem:1'])
  })

  it('take linear time where thousands begin and none ends', async () => {
    const started = performance.now()

    expect(await found({ 'a.pem': '-----BEGIN PRIVATE KEY-----\n'.repeat(150_000) })).toEqual([])
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

describe('passwords in URLs', () => {
  const password = made('url', 14, BASE62)

  it.each([
    ['a connection string', `postgres://shop:${password}@db.shop.eu:5432/shop`, 'medium'],
    ['a web address', `https://ada:${password}@registry.shop.eu/path`, 'medium'],
    ['a server on this machine', `redis://cache:${password}@localhost:6379`, 'low'],
  ])('are found in %s', async (_, url, severity) => {
    expect(await found({ 'config.json': `{"url": "${url}"}\n` })).toEqual([`${severity} heuristic secrets.url-password config.json:1`])
  })

  it.each([
    ['a variable', 'postgres://shop:${PASSWORD}@db.shop.eu/shop'],
    ['a template', 'postgres://shop:{{password}}@db.shop.eu/shop'],
    ['a placeholder', 'postgres://user:password@db.shop.eu/shop'],
    ['a shell variable', 'postgres://shop:$DB_PASS@db.shop.eu/shop'],
    ['a well-known password', 'postgres://postgres:postgres@localhost/shop'],
    ['a reserved host', `https://ada:${password}@example.com`],
    ['a port', 'https://registry.shop.eu:8080/@scope/name'],
    ['an anonymous login', `ftp://anonymous:${password}@files.shop.eu/`],
    ['a mail address', 'https://shop.eu/a:b@c'],
  ])('are not found in %s', async (_, url) => {
    expect(await found({ 'config.json': `{"url": "${url}"}\n` })).toEqual([])
  })
})

describe('literals given to telling names', () => {
  const value = made('value', 24, BASE62)

  it.each([
    ['a constant', 'a.ts', `const apiKey = '${value}'\n`],
    ['a typed constant', 'a.ts', `const apiKey: string = "${value}"\n`],
    ['an entry', 'a.json', `{"clientSecret": "${value}"}\n`],
    ['Python', 'a.py', `PASSWORD = "${value}"\n`],
    ['Ruby', 'a.rb', `:token => '${value}'\n`],
    ['YAML', 'a.yml', `db:\n  password: ${value}\n`.replace('db:\n  ', '')],
    ['properties', 'a.properties', `api.token=${value}\n`],
    ['hexadecimal digits', 'a.ts', `const secret = '${hex('hex', 40)}'\n`],
  ])('are guessed at in %s', async (_, file, text) => {
    expect(await found({ [file]: text })).toEqual([`low heuristic secrets.assigned ${file}:1`])
  })

  it.each([
    ['an identifier', `const tokenKind = 'user-access-token-v2'\n`],
    ['a word', `const password = 'correct-horse-battery-9'\n`],
    ['a placeholder', `const apiKey = 'your-api-key-1234abcd'\n`],
    ['an environment variable', `const apiKey = process.env.API_KEY_9A8B7C6D\n`],
    ['a public key', `const publicToken = '${value}'\n`],
    ['a path', `const secretFile = '${value}'\n`],
    ['another name', `const hash = '${value}'\n`],
    ['a comment', `// apiKey = '${value}'\n`],
    ['a comparison', `if (token === '${value}') f()\n`],
  ])('are not guessed at in %s', async (_, text) => {
    expect(await found({ 'a.ts': text })).toEqual([])
  })

  it('are not guessed at in tests, fixtures and documents', async () => {
    const text = `apiKey = '${value}'\n`

    expect(
      await found({
        'a.py': `"""\n  >>> ${text}"""\n`,
        'a.test.ts': text,
        'test/fixtures/a.ts': text,
        'README.md': text,
        'examples/a.ts': text,
        'vendor/a.ts': text,
      }),
    ).toEqual([])
  })
})

describe('environment files', () => {
  it('are searched for known formats when git tracks them; what they assign is left to the hygiene check', async () => {
    const workspace = makeRepository({ files: { '.env': `API_TOKEN=${made('env', 24, BASE62)}\nGITHUB=${githubToken}\n` } })
    write(workspace, { '.env.local': `NPM=${npmToken}\n` })

    const { findings, notExamined } = await runAnalysis(secrets, workspace)

    expect(findings.map(({ rule, file, line }) => [rule, file, line])).toEqual([['secrets.github-token', '.env', 2]])
    expect(notExamined).toEqual(['secrets in environment files that git does not track: .env.local'])
  })
})

describe('a found secret', () => {
  const password = made('hidden', 20, BASE62)
  const hidden = [githubToken, npmToken, password, made('stripe', 24, BASE62), ...pkcs8.split('\n').filter((line) => /^[\w+/=]{40,}$/.test(line))]
  const files = {
    'a.ts': `const apiKey = '${password}' // '${githubToken}'\nconst b = '${npmToken}' + 'sk_live_${made('stripe', 24, BASE62)}'\n`,
    'key.pem': pkcs8,
    "it's.json": `{"u": "mysql://shop:${password}@db.shop.eu"}`,
  }

  it('is never shown, neither by the output nor by the commands', async () => {
    const workspace = makeWorkspace(files)

    const output = await runAnalysis(secrets, workspace)
    const printed = output.findings.map((finding) => shown(workspace, finding))

    expect(output.findings).toHaveLength(6)
    expect(printed.every((text) => text !== '')).toBe(true)
    for (const value of hidden) {
      const inner = value.replace(/^(?:ghp|npm)_/, '')
      expect(`${JSON.stringify(output)}${printed.join('\n')}`).not.toContain(inner.slice(0, 5))
    }
  })

  it('is described by its beginning and length', async () => {
    const { findings } = await runAnalysis(secrets, makeWorkspace(files))

    expect(findings.map(({ evidence }) => evidence).sort()).toEqual([
      `-----BEGIN PRIVATE KEY… (${pkcs8.indexOf('-----END')} characters)`,
      'apiKey is given a literal (20 characters, not shown)',
      'ghp_… (40 characters)',
      'mysql://… with a password (20 characters)',
      'npm_… (40 characters)',
      'sk_l… (32 characters)',
    ])
  })

  it('is found wherever it stands in any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[0-9A-Za-z]{30}$/), fc.array(fc.string(), { maxLength: 5 }), async (body, lines) => {
        const before = lines.map((line) => `${line.replaceAll(/[\r\n\0]/g, '')} \n`).join('')
        const output = await runAnalysis(secrets, makeWorkspace({ 'a.txt': `${before}${checked('gho_', body)}\n` }))

        expect(output.findings.map(({ rule, line }) => [rule, line])).toContainEqual(['secrets.github-token', lines.length + 1])
      }),
      { numRuns: 25 },
    )
  })

  it('comes in the same order every time', async () => {
    const workspace = makeWorkspace(files)

    expect(JSON.stringify(await runAnalysis(secrets, workspace))).toBe(JSON.stringify(await runAnalysis(secrets, workspace)))
  })
})

describe('the search', () => {
  it.each([
    ['quotes', `secret="`.repeat(500_000)],
    ['schemes', 'a://'.repeat(1_000_000)],
    ['credentials', 'a://b:'.repeat(600_000)],
    ['dots', `token = '${'a.'.repeat(2_000_000)}`],
    ['words', `${'secret_'.repeat(600_000)}`],
    ['web tokens', 'eyJ'.repeat(1_300_000)],
  ])('takes linear time on a file of %s', async (_, text) => {
    const started = performance.now()

    await runAnalysis(secrets, makeWorkspace({ 'a.json': text }))

    expect(performance.now() - started).toBeLessThan(8_000)
  })

  it('counts as one operation and says what it could not see', async () => {
    const output = await runAnalysis(secrets, makeWorkspace({ 'big.txt': Buffer.alloc(6 * 1024 * 1024, 'a').toString() }))

    expect(output.notExamined).toEqual(['secrets in files that were skipped: big.txt'])
  })

  it('returns the most severe ones when there are too many', async () => {
    const workspace = makeWorkspace({ 'a.ts': `'sk_live_${made('stripe', 24, BASE62)}'\n`, 'b.ts': `'${githubToken}'\n` })

    const { findings, notExamined } = await runAnalysis(secrets, workspace, { maxFindings: 1 })

    expect(findings.map(({ rule }) => rule)).toEqual(['secrets.github-token'])
    expect(notExamined).toEqual(['1 more possible secrets beyond maxFindings (1)'])
  })
})
