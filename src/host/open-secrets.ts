import { resolve } from 'node:path'
import type { ControllerOptions } from '../controller.types.ts'
import { createEgress } from '../services/executor/http/egress.ts'
import type { Egress } from '../services/executor/http/egress.ts'
import { createRedactor } from '../services/secrets/local.redactor.ts'
import type { Redactor, Vault } from '../services/secrets/secrets.ts'
import { createFileVault } from '../services/secrets/vault.ts'
import type { Places } from './open-places.ts'

export interface SecretPorts {
  readonly egress: Egress
  readonly redactor: Redactor
  readonly vault: Vault
}

/**
 * What keeps secrets out of records, what keeps them, and what sends some of them out. Makes nothing yet.
 * @throws ControllerError CONFIG_INVALID for a secret that cannot be read, or an egress that cannot be
 */
export async function openSecrets(
  options: Pick<ControllerOptions, 'redactor' | 'log'>,
  { config, stateDir, workspace }: Places,
): Promise<SecretPorts> {
  const { secrets, hideEnvironment, vaultKey } = config
  const egress = createEgress(config.egress, { env: process.env })
  const vault = createFileVault({ stateDir, workspace, ...(vaultKey === undefined ? {} : { keyFile: resolve(vaultKey) }) })
  const onNotice = (message: string) => options.log?.warn({}, message)
  const hidden = options.redactor ? [] : await egress.secrets()
  return { egress, vault, redactor: options.redactor ?? createRedactor({ vault, secrets, hidden, hideEnvironment, onNotice }) }
}
