import { RunRequest, type RunRequestInput } from '../model/request.ts'
import { jsonProblemsOf } from '../model/json-check.ts'
import { paramProblemsOf } from '../model/problems.ts'

/** A request as it was typed: bodies may still be JSON text. `undefined` fields are left out. */
export type Draft = { readonly type: RunRequest['type']; readonly [field: string]: unknown }

/** Fields whose text is JSON. */
const JSON_FIELDS: ReadonlySet<string> = new Set(['args', 'output'])

/** A typed request, checked; or what is wrong with it. */
export function answerDraft(draft: Draft): { readonly request: RunRequestInput } | { readonly problem: string } {
  const fields: [string, unknown][] = []
  for (const [name, value] of Object.entries(draft)) {
    if (value === undefined) continue
    if (!JSON_FIELDS.has(name) || typeof value !== 'string') fields.push([name, value])
    else {
      const parsed = jsonOf(value)
      if ('problem' in parsed) return parsed
      fields.push([name, parsed.value])
    }
  }
  const given = Object.fromEntries(fields)
  const [broken] = jsonProblemsOf(given)
  if (broken) return { problem: `${broken.at.join('.') || 'the answer'}: ${broken.problem}` }
  const request = RunRequest.safeParse(given)
  if (request.success) return { request: request.data }
  return {
    problem: paramProblemsOf(request.error, given)
      .map(({ path, given: was, problem }) => `${path}: given ${was}; allowed: ${problem}`)
      .join('; '),
  }
}

function jsonOf(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return { problem: `Not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}
