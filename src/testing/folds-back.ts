import type { FoldDriver } from './fold-driver.ts'
import { imageOf } from './fold-driver.ts'
import type { Rule } from './watch.ts'

/**
 * Property 7: another fold of the records so far comes to the same state after each of them, so that a crash anywhere loses nothing. It finds
 * a chart that looks at a clock, draws at random or makes ids by itself.
 */
export function foldsBack(driver: FoldDriver): Rule {
  return () => {
    const other = driver.again()
    let folded = 0
    return {
      after({ root }) {
        for (const record of driver.records.slice(folded)) other.receive(record)
        folded = driver.records.length
        const image = imageOf(other)
        return image === driver.image() ? [] : [`record ${folded} folds back to ${image}, not to ${driver.image()}, in ${JSON.stringify(root.value)}`]
      },
    }
  }
}
