import * as z from 'zod'
import type { RunMigration } from '../controller.types.ts'
import { ControllerError } from '../errors.ts'
import { MachineIdentity } from '../model/journal-entry.ts'
import { listProblems, paramProblemsOf } from '../model/problems.ts'
import { describeCharts, machineIdentity, sameCharts } from './machine-identity.ts'

/** The registered migrations, each of them on a way to the statecharts of this version. */
export interface Migrations {
  readonly isEmpty: boolean
  /** The migrations from there to these charts, in the order they apply; empty when it is these charts, null when no way leads here. */
  chainFrom(identity: MachineIdentity): readonly RunMigration[] | null
}

const Shape = z.looseObject({
  name: z.string().min(1).max(100),
  from: MachineIdentity,
  to: MachineIdentity,
  entry: z.custom<RunMigration['entry']>((value) => typeof value === 'function', 'a function'),
})

interface MigrationProblem {
  readonly path: string
  readonly given: string
  readonly problem: string
}

/**
 * Checks migrations as a whole: every name once, one way from each version, and every way ends at these charts.
 * @throws ControllerError CONFIG_INVALID with every problem
 */
export function createMigrations(given: readonly RunMigration[] = [], now: () => MachineIdentity = machineIdentity): Migrations {
  if (given.length === 0) return { isEmpty: true, chainFrom: (identity) => (sameCharts(identity, now()) ? [] : null) }
  assertShapes(given)
  const problems = [...duplicates(given), ...wrongWays(given, now())]
  if (problems.length > 0) throw invalid(problems)
  return { isEmpty: false, chainFrom: (identity) => chainFrom(given, identity, now()) }
}

/** `given` leads here without cycles: each way has an end. */
function chainFrom(given: readonly RunMigration[], start: MachineIdentity, now: MachineIdentity): readonly RunMigration[] | null {
  if (sameCharts(start, now)) return []
  const first = given.find(({ from }) => sameCharts(from, start))
  const rest = first && chainFrom(given, first.to, now)
  return first && rest ? [first, ...rest] : null
}

function assertShapes(given: readonly unknown[]): void {
  const problems = given.flatMap((migration, index) => {
    const parsed = Shape.safeParse(migration)
    if (parsed.success) return []
    return paramProblemsOf(parsed.error, migration).map((problem) => ({ ...problem, path: `migrations.${index}.${problem.path}` }))
  })
  if (problems.length > 0) throw invalid(problems)
}

function duplicates(given: readonly RunMigration[]): readonly MigrationProblem[] {
  return given.flatMap(({ name, from }, index) => {
    const earlier = given.slice(0, index)
    const rival = earlier.find((other) => sameCharts(other.from, from))
    return [
      ...(earlier.some((other) => other.name === name) ? [problemOf(index, 'name', name, 'a name that no other migration has')] : []),
      ...(rival ? [problemOf(index, 'from', describeCharts(from), `a version that migration "${rival.name}" does not begin at`)] : []),
    ]
  })
}

/** A way that goes round, or ends at other charts than these: a run that took it would be stuck. */
function wrongWays(given: readonly RunMigration[], now: MachineIdentity): readonly MigrationProblem[] {
  return given.flatMap(({ to }, index) => {
    const end = endOfWay(given, to)
    if (end === null) return [problemOf(index, 'to', describeCharts(to), 'a version from which no way leads back to itself')]
    if (sameCharts(end, now)) return []
    return [problemOf(index, 'to', describeCharts(to), `a version from which migrations lead to the present one, ${describeCharts(now)}`)]
  })
}

/** Where the migrations lead from there; null when they go round. */
function endOfWay(given: readonly RunMigration[], start: MachineIdentity): MachineIdentity | null {
  let end = start
  for (let steps = 0; steps <= given.length; steps++) {
    const next = given.find(({ from }) => sameCharts(from, end))
    if (next === undefined) return end
    end = next.to
  }
  return null
}

const problemOf = (index: number, key: string, given: string, problem: string): MigrationProblem => ({
  path: `migrations.${index}.${key}`,
  given,
  problem,
})

function invalid(problems: readonly MigrationProblem[]): ControllerError {
  return new ControllerError('CONFIG_INVALID', `the registered migrations cannot be used: ${listProblems(problems)}`, {
    hint: 'Correct the migrations at the places that are named: each version has one way, and each way ends at the present statecharts.',
    details: problems,
  })
}
