/** Words that people put into values that only stand for a secret. */
const WORDS =
  /example|sample|dummy|fake|mock|placeholder|change[-_ ]?me|replace|redact|insert|your|my[-_]|secret|passw|token|test|demo|foo|bar(?![a-z])|x{4,}|\*{3,}|\.{3,}|todo|none|null|undefined|deadbeef|cafebabe|lorem|qwerty|azerty|hunter2/i
/** The same without those that chance writes into long random texts. */
const LONG_WORDS = /example|sample|dummy|placeholder|changeme|redacted|x{5,}|\*{3,}|\.{3,}|deadbeef|qwerty/i
/** What a template, a shell or a program puts a value in place of later. */
const SUBSTITUTED = /\$\{|\$\(|\{\{|<[^>]{0,80}>|%[A-Z_]{2,}%|%[sdv]\b|\$[A-Za-z_]|process\.env|import\.meta|os\.environ|getenv/
const RUN = 6

/** Bits a character (Shannon); random base 64 of 20 characters has about 4, a word about 3. */
export function entropyOf(value: string): number {
  const counts = new Map<string, number>()
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1)
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return [...counts.values()].reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0)
}

/** Whether a value only stands for a secret, judged as one that a person chose. */
export function isInvented(value: string): boolean {
  return WORDS.test(value) || SUBSTITUTED.test(value) || hasRun(value)
}

/** The same for what a machine made: short words in it are chance. gitleaks wants 2 to 4 bits a character of such tokens. */
export function isInventedToken(value: string): boolean {
  return LONG_WORDS.test(value) || SUBSTITUTED.test(value) || hasRun(value) || entropyOf(value) < 3
}

/** Six characters in a row that are equal, or follow each other in the alphabet, up or down. */
function hasRun(value: string): boolean {
  const lower = value.toLowerCase()
  let step = 0
  let length = 1
  for (let at = 1; at < lower.length; at += 1) {
    const now = lower.charCodeAt(at) - lower.charCodeAt(at - 1)
    // `9` goes on with `0`, as on a keyboard.
    const next = now === -9 && lower[at] === '0' ? 1 : now
    length = next === step && Math.abs(next) <= 1 ? length + 1 : 2
    step = next
    if (length >= RUN && Math.abs(step) <= 1) return true
  }
  return false
}
