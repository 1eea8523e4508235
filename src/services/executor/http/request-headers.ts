import * as z from 'zod'

/** Headers a plan may not set: they frame the message, carry credentials, choose an encoding, or make a server do another method than the one judged. */
const REFUSED =
  /^(?:host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|via|forwarded|x-forwarded-.*|proxy-.*|sec-.*|content-length|content-encoding|accept-encoding|cookie2?|authorization|x-(?:http-)?method(?:-override)?|x-original-(?:url|host)|x-rewrite-url|metadata.*|x-aws-ec2-.*)$/i
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/
/** Printable ASCII: a line break would begin another header, other characters mean different things to different servers. */
const VALUE = /^[\x20-\x7e]*$/
const MAX_HEADERS = 32
const MAX_VALUE = 4096

/** Headers as an argument. */
export const RequestHeaders = z
  .record(z.string().regex(NAME, 'must be the name of a header'), z.string().max(MAX_VALUE).regex(VALUE, 'must be printable ASCII on one line'))
  .superRefine((headers, ctx) => {
    const names = Object.keys(headers)
    const refuse = (name: string, message: string) => ctx.addIssue({ code: 'custom', path: [name], message })
    if (names.length > MAX_HEADERS) ctx.addIssue({ code: 'custom', message: `must be at most ${MAX_HEADERS} headers` })
    for (const name of names) {
      if (REFUSED.test(name)) refuse(name, 'may not be set; credentials come from an egress service, named by `service`')
      if (names.some((other) => other !== name && other.toLowerCase() === name.toLowerCase())) refuse(name, 'is given twice')
    }
  })

/** Headers that say what is wanted, and nothing about who asks: all that goes along to another origin. */
const PLAIN = new Set(['accept', 'accept-language', 'user-agent'])

/** The headers that may follow a redirect to another origin. */
export function withoutOrigin(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => PLAIN.has(name.toLowerCase())))
}

/** The headers of a request that has lost its body. */
export function withoutBody(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^content-/i.test(name)))
}
