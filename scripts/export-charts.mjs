// Writes visualizer/stately/ from the machines that run; run it with `npm run charts` (tsx reads the TypeScript).
import { mkdir, writeFile } from 'node:fs/promises'
import { exportStatechart } from '../src/engine/statechart-export.ts'
import { actionMachine } from '../src/machines/action.machine.ts'
import { workflowMachine } from '../src/machines/workflow.machine.ts'

const folder = new URL('../visualizer/stately/', import.meta.url)
const endings = { ts: 'ts', json: 'json', mermaid: 'mmd' }

await mkdir(folder, { recursive: true })
for (const machine of [workflowMachine, actionMachine]) {
  for (const [format, ending] of Object.entries(endings)) {
    const name = `${machine.id}.machine.${ending}`
    await writeFile(new URL(name, folder), exportStatechart(machine, format))
    console.log(`visualizer/stately/${name}`)
  }
}
