import { credentialSpans } from './credentials.ts'
import { formatSpans } from './format-rules.ts'
import { lintSpans } from './lint-rules.ts'
import { privateKeySpans } from './private-keys.ts'
import type { Span } from './span.ts'

/** Everything in a text that looks like a secret. Not in order, and some overlap. */
export async function unknownSpans(text: string): Promise<readonly Span[]> {
  return [...(await lintSpans(text)), ...formatSpans(text), ...privateKeySpans(text), ...credentialSpans(text)]
}
