/** Response headers worth knowing; none that sets a cookie or a policy for a browser. */
const TOLD = [
  'content-type',
  'content-length',
  'content-language',
  'content-disposition',
  'content-range',
  'last-modified',
  'etag',
  'date',
  'age',
  'cache-control',
  'expires',
  'location',
  'link',
  'allow',
  'retry-after',
  'www-authenticate',
  'ratelimit',
  'ratelimit-policy',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
] as const
const MAX_TOLD = 2048

export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** One header's value, several joined as RFC 9110 says; null when there is none. */
export function headerOf(headers: ResponseHeaders, name: string): string | null {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  if (value === undefined) return null
  return typeof value === 'string' ? value : value.join(', ')
}

/** The headers that go into an output, each cut to 2,048 characters and cleaned by `clean`. */
export function toldHeaders(headers: ResponseHeaders, clean: (text: string) => string): Readonly<Record<string, string>> {
  const told = TOLD.flatMap((name) => {
    const value = headerOf(headers, name)
    return value === null ? [] : [[name, clean(value).slice(0, MAX_TOLD)] as const]
  })
  return Object.fromEntries(told)
}

/** How many header lines there are. */
export function countHeaders(headers: ResponseHeaders): number {
  return Object.values(headers).reduce((sum, value) => sum + (typeof value === 'string' ? 1 : (value?.length ?? 0)), 0)
}
