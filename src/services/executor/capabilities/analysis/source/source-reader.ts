import { text } from 'node:stream/consumers'
import { extractFacts } from './extract-facts.ts'
import { resolveSpecifiers } from './resolve-specifiers.ts'
import { ReaderTask, type SourceFacts } from './source-facts.ts'

/**
 * A program of its own, since a native parser can crash on a hostile file, and a native resolver can wait for ever at a FIFO. It reads one
 * task and writes one line of JSON for each file as soon as it is done, so that whoever started it knows where it stopped.
 */
const task = ReaderTask.parse(JSON.parse(await text(process.stdin)))
const answers = task.task === 'parse' ? parseAll(task.files) : resolveSpecifiers(task)
for (const answer of answers) await write(`${JSON.stringify(answer)}\n`)

function* parseAll(files: readonly { readonly path: string; readonly text: string }[]): Generator<SourceFacts> {
  for (const file of files) yield factsOf(file.path, file.text)
}

function factsOf(path: string, source: string): SourceFacts {
  try {
    return extractFacts(path, source)
  } catch (error) {
    return { imports: [], open: [], functions: [], anyTypes: [], hasCode: false, problem: error instanceof Error ? error.message : String(error) }
  }
}

function write(line: string): Promise<void> {
  return new Promise((resolve, reject) => process.stdout.write(line, (error) => (error ? reject(error) : resolve())))
}
