// Keeps values in the vault of a run until it is killed: `keep.ts STATE WORKSPACE HOME RUN PREFIX COUNT`. Prints each reference once it is kept.
import { createFileVault } from '../../../../src/services/secrets/vault.ts'

const [stateDir = '', workspace = '', home = '', runId = '', prefix = '', count = '0'] = process.argv.slice(2)
const vault = createFileVault({ stateDir, workspace, env: { HOME: home } })
for (let index = 0; index < Number(count); index++) {
  const value = `${prefix}-${index}-${'v'.repeat(index % 7 === 0 ? 5_000 : 20)}`
  const [ref] = await vault.keep(runId, [{ kind: 'test', value }])
  // Short enough for a pipe to take it whole or not at all.
  process.stdout.write(`${JSON.stringify({ ref, index })}\n`)
}
