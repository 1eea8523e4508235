import { describe, expect, it } from 'vitest'
import { mergedSpans } from '../../../src/services/secrets/span.ts'
import { unknownSpans } from '../../../src/services/secrets/unknown-finder.ts'
import { AWS_SECRET, GITHUB, JWT, NPM, privateKey } from './secrets.fixture.ts'

const found = async (text: string) => mergedSpans(await unknownSpans(text)).map(({ start, end, kind }) => [kind, text.slice(start, end)])

describe('what looks like a secret', () => {
  it.each([
    ['a JSON web token', `token ${JWT} end`, 'jwt', JWT],
    ['a password of an environment', 'export DB_PASSWORD=correcthorsebattery\n', 'password', 'correcthorsebattery'],
    ['a quoted one', 'DB_PASSWORD="Tr0ub4dor&3"', 'password', 'Tr0ub4dor&3'],
    ['a secret of a command line', `docker run -e APP_SECRET=${GITHUB.slice(4)} image`, 'credential', GITHUB.slice(4)],
    ['a literal in a program', "const apiKey = 'k8Zx2Qm7Vb4Nn9Tt1Ww6'", 'credential', 'k8Zx2Qm7Vb4Nn9Tt1Ww6'],
    ['a member of JSON', '{"client_secret":"k8Zx2Qm7Vb4Nn9Tt1Ww6"}', 'credential', 'k8Zx2Qm7Vb4Nn9Tt1Ww6'],
    ['a member of JSON within JSON', String.raw`"{\"password\":\"k8Zx2Qm7Vb4\"}"`, 'password', 'k8Zx2Qm7Vb4'],
    ['a line of YAML', 'db:\n  password: k8Zx2Qm7Vb4Nn\n  port: 5432', 'password', 'k8Zx2Qm7Vb4Nn'],
    ['a bearer header', 'Authorization: Bearer k8Zx2Qm7Vb4Nn9Tt', 'authorization', 'k8Zx2Qm7Vb4Nn9Tt'],
    ['a basic header', 'authorization: Basic dXNlcjpwYXNzd29yZDEyMw==', 'authorization', 'dXNlcjpwYXNzd29yZDEyMw=='],
    ['a key in a header', `curl -H 'X-Api-Key: k8Zx2Qm7Vb4Nn9Tt'`, 'authorization', 'k8Zx2Qm7Vb4Nn9Tt'],
    ['a password in a URL without a user', 'redis://:k8Zx2Qm7Vb@cache.acme.io:6379', 'password', 'k8Zx2Qm7Vb'],
    ['an npm login', '//registry.npmjs.org/:_authToken=4b1d7c52-8a0e-4f5b-9d35-3f6f0a1b2c3d', 'npm', '4b1d7c52-8a0e-4f5b-9d35-3f6f0a1b2c3d'],
    ['an AWS key id', 'AKIAQ7RZ2MX3TBW4NLC6', 'aws', 'AKIAQ7RZ2MX3TBW4NLC6'],
    ['a key in PEM', `x\n${privateKey()}\ny`, 'privatekey', privateKey()],
    [
      'a key of a service account on one line',
      `{"type":"service_account","private_key":"${privateKey().replaceAll('\n', '\\n')}\\n"}`,
      'privatekey',
      privateKey().replaceAll('\n', '\\n'),
    ],
    ['a key that was cut off', `x\n${privateKey().slice(0, 400)}`, 'privatekey', privateKey().slice(0, 400)],
  ])('is found: %s', async (_what, text, kind, value) => {
    expect(await found(text)).toEqual([[kind, value]])
  })
})

describe('what is no secret', () => {
  it.each([
    'commit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    '"integrity": "sha512-9yD2ZPQqN3nX4kW8zD1xqf1nmR3L8Ql0Z0u7lYk2Hc8Jp5vT6wXr9sMb4dGaEfUiKo7nPqRsTuVwXyZ012345A=="',
    'id: 4b1d7c52-8a0e-4f5b-9d35-3f6f0a1b2c3d',
    'token: 4b1d7c52-8a0e-4f5b-9d35-3f6f0a1b2c3d',
    'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx AKIAIOSFODNN7EXAMPLE',
    'DB_PASSWORD=changeme API_TOKEN=${API_TOKEN} SECRET=<your-secret> PASSWORD=$1',
    'export PGPASSWORD=/run/secrets/postgres',
    'const token = await getToken(request.headers.authorization)',
    "password: 'Enter your password here'",
    'interface Login { password: string; token: TokenKind }',
    'password: process.env.DB_PASSWORD_1, token = config.auth.token2',
    'see https://example.com:8080/a@b and git@github.com:acme/repo.git and http://user:password@localhost/',
    'Use a bearer token. Bearer authentication is described in RFC 6750.',
    '-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----',
    'The text "-----BEGIN RSA PRIVATE KEY-----" opens a key, as everybody knows.',
    '-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n-----END CERTIFICATE-----',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8kQm7Vb4Nn9Tt1Ww6Zx2Qm7Vb4Nn9Tt1Ww6Zx2Q user@host',
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
    'maxTokens: 128000, next_page_token: k8Zx2Qm7Vb4Nn9Tt1Ww6, publicKey: "k8Zx2Qm7Vb4Nn9Tt1Ww6"',
  ])('is left alone: %s', async (text) => {
    expect(await found(text)).toEqual([])
  })
})

describe('a hostile text', () => {
  const million = (part: string) => part.repeat(Math.ceil(1_000_000 / part.length))

  it.each([
    'a',
    '-----BEGIN',
    '-----BEGIN PRIVATE KEY-----',
    '://',
    'http://',
    'https://a:',
    'eyJ',
    ' eyJa.eyJ',
    'SG.a.',
    'SG.aaaaaaaaaaaaaaa.',
    'PASSWORD=',
    'token="',
    'token:',
    'AWS_SECRET_ACCESS_KEY',
    'SECRET    ',
    'xoxb-a-',
    'Bearer ',
    'x-a',
    '_authToken=',
    'mongodb://a:',
    'A',
    ' \n',
    '\\n',
    'hvs.',
    'glc_A',
    'ops_ey',
    'AccountKey=',
    'secret_secret_',
    '"',
    '@',
    'bearer\t',
    'authorization: ',
  ])('of a million characters of %j is searched to its end', async (part) => {
    const text = `${million(part)}\n${NPM}\n-----BEGIN PRIVATE KEY----- x-oauth-basic AWS_SECRET_ACCESS_KEY=${AWS_SECRET}\n`

    const spans = await unknownSpans(text)

    expect(spans.some(({ kind }) => kind === 'npm')).toBe(true)
  })
})
