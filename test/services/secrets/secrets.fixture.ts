import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createRedactor } from '../../../src/services/secrets/local.redactor.ts'
import type { RedactorOptions } from '../../../src/services/secrets/local.redactor.ts'
import { createFileVault } from '../../../src/services/secrets/vault.ts'

export interface Places {
  readonly root: string
  readonly stateDir: string
  readonly workspace: string
  readonly env: NodeJS.ProcessEnv
  readonly keyFile: string
  readonly runFile: (runId: string) => string
}

/** Folders of a test's own, gone after it. */
export function places(): Places {
  const root = mkdtempSync(join(tmpdir(), 'planner-exec-secrets-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const at = (name: string) => join(root, name)
  for (const name of ['workspace', 'state', 'home']) mkdirSync(at(name), { mode: 0o700 })
  return {
    root,
    stateDir: at('state'),
    workspace: at('workspace'),
    env: { HOME: at('home') },
    keyFile: at('home/.config/planner-exec/vault.key'),
    runFile: (runId) => at(`state/vault/${runId}.jsonl`),
  }
}

export const vaultIn = ({ stateDir, workspace, env }: Places) => createFileVault({ stateDir, workspace, env })

export const redactorIn = (at: Places, options: Partial<RedactorOptions> = {}) => createRedactor({ vault: vaultIn(at), env: {}, ...options })

/** Assembled here, so that no scanner takes this file for a leak. */
export const GITHUB = ['ghp', '_', 'R7kQ2mZx9TbW4nLc8VdY1sHf6JgP3aEo5UiK'].join('')
export const NPM = ['npm', '_', 'Q8rT2vYx5ZbN7mKc1WdL4sHf9JgP3aEo6UiR'].join('')
export const AWS_SECRET = ['wJ8rXUtnFEMI', '/K7MDENG/bPxRfiCYz9Qm3Tv7Lk2'].join('')
export const JWT = [
  Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url'),
  Buffer.from('{"sub":"u-77120","admin":true}').toString('base64url'),
  'p9S3kVb2Xn8Tq1Lz7Wc4Rm6Yd5Hf0Jg_aEoUiKxNvBs',
].join('.')

export function privateKey(lines = 12): string {
  const body = Array.from({ length: lines }, (_, line) =>
    Buffer.from(Array.from({ length: 48 }, (_, i) => (line * 89 + i * 37 + i * i) % 256)).toString('base64'),
  )
  return ['-----BEGIN RSA PRIVATE KEY-----', `MI${(body[0] ?? '').slice(2)}`, ...body.slice(1), '-----END RSA PRIVATE KEY-----'].join('\n')
}
