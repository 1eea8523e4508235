/** A parsed JSON object, or what is wrong with the text. */
export type Parsed = { readonly ok: true; readonly value: Readonly<Record<string, unknown>> } | { readonly ok: false; readonly problem: string }

/** Parses an object as npm does: strict JSON, a byte-order mark allowed. */
export function parseJson(text: string): Parsed {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return isRecord(value) ? { ok: true, value } : { ok: false, problem: 'It holds no object.' }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Parses an object as TypeScript does: comments and trailing commas allowed. */
export function parseJsonWithComments(text: string): Parsed {
  return parseJson(withoutTrailingCommas(withoutComments(text)))
}

/** The value of a key that is an object, or an empty one. */
export function objectAt(value: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const found = Object.hasOwn(value, key) ? value[key] : undefined
  return isRecord(found) ? found : {}
}

/** The value of a key that is a text, or null. */
export function textAt(value: Readonly<Record<string, unknown>>, key: string): string | null {
  const found = Object.hasOwn(value, key) ? value[key] : undefined
  return typeof found === 'string' ? found : null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withoutComments(text: string): string {
  return text.replace(/"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (token) => (token.startsWith('"') ? token : ' '))
}

function withoutTrailingCommas(text: string): string {
  return text.replace(/"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])/g, (token) => (token.startsWith('"') ? token : ''))
}
