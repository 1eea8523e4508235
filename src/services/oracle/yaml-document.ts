import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { ControllerError, type FailureCode } from '../../errors.ts'
import { parseYaml } from '../../input/yaml.ts'

export interface YamlDocument {
  readonly value: unknown
  /** The line (from 1) where a value, or the nearest thing that holds it, is written. */
  lineOf(at: readonly (string | number)[]): number
}

/** How a file may be read, and what its failure is called. */
export interface YamlFileOptions {
  readonly maxBytes: number
  readonly code: FailureCode
  /** What the file is to people: `Plan file`. */
  readonly subject: string
}

/**
 * Reads one strict YAML (or JSON) document: no duplicate keys, no aliases, no unknown tags, one document, UTF-8.
 * @throws ControllerError `code` naming file, line and problem
 */
export async function readYamlFile(path: string, options: YamlFileOptions): Promise<YamlDocument> {
  const subject = `${options.subject} ${path}`
  const refuse = (problem: string, cause?: unknown): ControllerError => new ControllerError(options.code, `${subject} ${problem}.`, { cause })
  const bytes = await readBounded(path, options.maxBytes, refuse)
  const text = decode(bytes, refuse)
  const yaml = await parseYaml(text)
  if (yaml.ok) return { value: yaml.value, lineOf: (at) => yaml.locate(at).line }
  const listed = yaml.problems.slice(0, 10).map(({ line, message }) => `line ${line}: ${message}`)
  throw refuse(`is not valid YAML or JSON: ${listed.join('; ')}`)
}

async function readBounded(path: string, maxBytes: number, refuse: (problem: string, cause?: unknown) => ControllerError): Promise<Buffer> {
  try {
    // Without O_NONBLOCK a named pipe would hold the process until somebody writes to it.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      if (!(await file.stat()).isFile()) throw refuse('is not a file')
      const buffer = Buffer.alloc(maxBytes + 1)
      let length = 0
      for (let read = -1; read !== 0 && length < buffer.length; length += read) read = (await file.read(buffer, length)).bytesRead
      if (length > maxBytes) throw refuse(`is larger than ${maxBytes} bytes`)
      return buffer.subarray(0, length)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof ControllerError) throw error
    throw refuse(`cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

function decode(bytes: Buffer, refuse: (problem: string, cause?: unknown) => ControllerError): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw refuse('is not UTF-8 text', error)
  }
}
