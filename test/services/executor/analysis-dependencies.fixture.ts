import type * as z from 'zod'
import { dependencies } from '../../../src/services/executor/capabilities/analysis/dependencies/dependencies.ts'
import type { ExecutionContext } from '../../../src/services/executor/executor.ts'
import type { Finding } from '../../../src/model/report.ts'
import { contextOf } from './analysis.fixture.ts'

export const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** Runs the analysis with its arguments and its output checked by their schemas. */
export async function look(
  workspace: string,
  args: object = {},
  changes: Partial<ExecutionContext> = {},
): Promise<z.infer<typeof dependencies.output>> {
  return dependencies.output.parse(await dependencies.run(dependencies.args.parse(args), contextOf(workspace, changes)))
}

/** A lockfile of version 3 for one project. */
export function lockOf(manifest: object, packages: Readonly<Record<string, object>>): string {
  return json({
    lockfileVersion: 3,
    packages: { '': manifest, ...Object.fromEntries(Object.entries(packages).map(([name, entry]) => [`node_modules/${name}`, entry])) },
  })
}

/** Without what the test is not about. */
export function only(findings: readonly Finding[], ...rules: readonly string[]): Finding[] {
  return findings.filter(({ rule }) => rules.includes(rule))
}
