import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { processesWith } from '../../../support/e2e-cli.ts'

it('ends the first process of a sandbox that was being set up when the controller was killed', async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'planner-exec-orphan-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const mark = `4646.${process.pid}`
  // Bubblewrap at its worst moment: it dies with its parent, its child knows nothing of that.
  await mkdir(join(folder, 'workspace'))
  await writeFile(join(folder, 'bwrap'), `#!/bin/sh\nsleep ${mark} & echo ready; exec sleep ${mark}\n`, { mode: 0o755 })
  const words = [
    '--import',
    'tsx',
    join(import.meta.dirname, 'children', 'unbound-command.ts'),
    join(folder, 'workspace'),
    [folder, process.env['PATH']].join(delimiter),
  ]
  const controller = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(controller.stdout, 'data')
  await expect.poll(() => processesWith(mark), { timeout: 5_000, interval: 5 }).toHaveLength(2)

  controller.kill('SIGKILL')
  await once(controller, 'exit')

  await expect.poll(() => processesWith(mark), { timeout: 5_000, interval: 5 }).toEqual([])
})
