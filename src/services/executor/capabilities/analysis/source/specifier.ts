/** `./x`, `../x`, `/x`, `.` and `..`. */
export function isRelative(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier) || specifier === '.' || specifier === '..'
}

/** The package that a specifier names, or null when it cannot be one's name. */
export function packageOf(specifier: string): string | null {
  return /^(?:@[a-z0-9~_-][\w.~-]*\/)?[a-z0-9~_-][\w.~-]*(?=\/|$)/i.exec(specifier)?.[0] ?? null
}
