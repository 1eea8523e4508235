// Runs a goal through the library and tells what happens:
//
//   node examples/run-a-goal.mjs [FOLDER] [GOAL]
//
// Without a folder it makes a small one to look at, in the folder for temporary files.
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createController } from 'planner-exec'

const [folder = await sampleFolder(), goal = 'Analyze this codebase and suggest improvements'] = process.argv.slice(2)

const controller = await createController({ workspace: folder, policy: 'workstation' })
try {
  const run = await controller.start({ goal, workflow_type: 'research_and_planning' })
  console.log(`run ${run.id} in ${controller.workspace}`)

  for await (const event of run.events()) console.log(describe(event))

  const outcome = await run.outcome()
  if (outcome.kind === 'parked') {
    console.log(`parked (${outcome.reason}); go on with controller.resume('${run.id}')`)
  } else {
    const { result, report } = outcome
    console.log(`${result.status} (${result.exitReason}): ${result.summary}`)
    for (const { severity, title, file } of report?.findings ?? []) console.log(`  ${severity}: ${title}${file === null ? '' : ` (${file})`}`)
    console.log(`report: ${result.reportPath}`)
    process.exitCode = result.status === 'completed' ? 0 : 1
  }
} finally {
  await controller.close()
}

/** One event as a line; `seq` is the journal record that caused it. */
function describe(event) {
  const what = event.state ?? event.actionId ?? event.reason ?? ''
  const how = event.type === 'action.settled' ? ` ${event.result.outcome}` : ''
  return `${String(event.seq).padStart(4)} ${event.type} ${what}${how}`
}

async function sampleFolder() {
  const made = await mkdtemp(join(tmpdir(), 'planner-exec-example-'))
  await writeFile(join(made, 'README.md'), '# Sample\n')
  await writeFile(join(made, 'sum.js'), '// FIXME: does not look at strings\nexport const sum = (a, b) => a + b\n')
  return made
}
