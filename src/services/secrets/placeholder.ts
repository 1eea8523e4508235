/** Words that people put into values that only stand for a secret. */
const WORDS =
  /example|sample|dummy|fake|placeholder|change[-_]?(?:me|it)|replace|redact|insert|your[-_]?|my[-_]?(?:pass|secret|token)|secret$|^secret|passw|^pass\d*$|hunter2|x{4,}|\*{3,}|\.{3,}|todo|none|null|undefined|deadbeef|cafebabe|qwerty|^test|^demo|^foo|^bar/i
/** What a template, a shell or a program puts a value in place of later. */
const SUBSTITUTED = /\$\{|\$\(|\{\{|<[^>]{0,80}>|%[A-Z_]{2,}%|%[sdv]\b|\$[A-Za-z_]|process\.env|import\.meta|os\.environ|getenv/
const EXAMPLE = /example/i
const FILLER = /[xX*.0_#-]/g
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const HEX = /^[0-9a-f]+$/i
/** Bits a character. gitleaks asks 3.5 of `generic-api-key`, Yelp's detect-secrets 3.0 of texts in hexadecimal digits. */
const MIN_ENTROPY = 3.5
const MIN_HEX_ENTROPY = 3
const MIN_HEX_CHARS = 24
const MIN_RANDOM_CHARS = 16

/** Whether a value that a person may have chosen only stands for a secret. */
export const isPlaceholder = (value: string): boolean => WORDS.test(value) || SUBSTITUTED.test(value)

/** The same for what has the format of a token: it is one unless it says that it is not, or consists of filling. */
export function isTokenPlaceholder(token: string): boolean {
  return EXAMPLE.test(token) || (token.match(FILLER)?.length ?? 0) >= 0.8 * token.length
}

/** Whether a machine made it. */
export function looksRandom(value: string): boolean {
  if (UUID.test(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value) || isWordy(value)) return false
  if (HEX.test(value)) return value.length >= MIN_HEX_CHARS && entropyOf(value) >= MIN_HEX_ENTROPY
  return value.length >= MIN_RANDOM_CHARS && entropyOf(value) >= MIN_ENTROPY
}

/** Whether a person may have chosen it as a password: no word, number, path or identifier. */
export function looksChosen(value: string): boolean {
  return value.length >= 8 && /\d/.test(value) && /[A-Za-z]/.test(value) && !UUID.test(value) && !isWordy(value)
}

/** Words and numbers with signs between them: an identifier, a path, a version, a host, a date. */
export function isWordy(value: string): boolean {
  const parts = value.split(/[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])/).filter(Boolean)
  const plain = parts.filter((part) => /^(?:[A-Z]?[a-z]{2,}\d{0,3}|[A-Z]{2,}|\d{1,4})$/.test(part)).join('').length
  return plain >= 0.7 * parts.join('').length
}

/** Bits a character (Shannon); random base 64 of 20 characters has about 4, a word about 3. */
function entropyOf(value: string): number {
  const counts = new Map<string, number>()
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => sum - (count / value.length) * Math.log2(count / value.length), 0)
}
