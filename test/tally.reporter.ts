import type { Reporter, TestModule } from 'vitest/node'

/** Closes a run with `Tests: 12 passed, 0 failed` on a line of its own, which CI reads whatever the runner. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state))
    const count = (state: string): number => states.filter((one) => one === state).length
    console.log(`Tests: ${count('passed')} passed, ${count('failed')} failed`)
  }
}
