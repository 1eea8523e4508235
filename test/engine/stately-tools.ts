import { extractMachinesFromFile } from '@xstate/machine-extractor'
import { createMachine, type AnyStateMachine } from 'xstate'

/** Evaluates a generated file as Stately Sketch does: imports and `export` are cut off, the rest runs by itself. */
export function evaluateLikeSketch(source: string): AnyStateMachine {
  const bare = source.replace(/^import .*$/gm, '').replace(/^export /gm, '')
  const [, name = ''] = /^const (\w+) = /m.exec(bare) ?? []
  // oxlint-disable-next-line typescript/no-implied-eval -- evaluating the text is what Sketch does, and so what is tested
  return Reflect.apply(new Function('createMachine', `${bare}\nreturn ${name}`), undefined, [createMachine])
}

/** Where Stately's own parser finds states in a source, as dotted paths, the root's empty one first. */
export function statesSeenByExtractor(source: string): readonly string[] {
  const machines = extractMachinesFromFile(source)?.machines ?? []
  return machines.flatMap((machine) => pathsIn(machine?.toConfig(), ''))
}

function pathsIn(config: unknown, path: string): readonly string[] {
  const states: unknown = typeof config === 'object' && config !== null && 'states' in config ? config.states : {}
  const entries = typeof states === 'object' && states !== null ? Object.entries(states) : []
  return [path, ...entries.flatMap(([key, child]) => pathsIn(child, path === '' ? key : `${path}.${key}`))]
}
