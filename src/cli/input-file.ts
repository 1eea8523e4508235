import type { FailureCode } from '../errors.ts'
import { readYamlFile } from '../services/oracle/yaml-document.ts'

const MAX_BYTES = 4 * 1024 * 1024

/**
 * The value in a YAML or JSON file that a person named, of at most 4 MiB. `subject` is what the file is to people.
 * @throws ControllerError with `code`, naming file and line
 */
export async function readInputFile(path: string, code: FailureCode, subject: string): Promise<unknown> {
  return (await readYamlFile(path, { maxBytes: MAX_BYTES, code, subject })).value
}
