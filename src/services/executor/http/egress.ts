import { ControllerError } from '../../../errors.ts'
import { describeReach, mayBeOpened } from '../../../input/address.ts'
import { hostKey, originOf, readHostPort, readWebUrl, type WebUrl } from '../../../input/web-url.ts'
import { EgressConfig, type EgressConfigInput, type EgressService, type HttpMethod } from '../../../model/egress.ts'
import { readCredential } from './credential.ts'
import { createRedactor, type Redactor, type Secret } from './secret-forms.ts'

/** What may leave this machine beyond what every policy can allow. */
export interface Egress {
  /** `host:port` of this machine or a private network that may be dialled: for the guard as for the connector. */
  readonly privateHosts: ReadonlySet<string>
  /** In name order. */
  readonly services: readonly string[]
  /**
   * The header with the credential for a request that belongs to the service; null when it does not. The credential is read now.
   * @throws ControllerError ARGS_INVALID when there is no such service, CONFIG_INVALID when its credential cannot be read
   */
  credentialFor(service: string, url: WebUrl, method: HttpMethod): Promise<Credential | null>
  /** The credentials that can be read now, under the names that stand in their place, for whoever redacts records. */
  secrets(): Promise<readonly Secret[]>
}

export interface Credential {
  readonly header: string
  readonly value: string
  readonly redactor: Redactor
}

interface Service {
  readonly config: EgressService
  readonly origins: ReadonlySet<string>
  /** Without a slash at its end. */
  readonly prefix: string
}

/** What servers may decode into another path than the one that was judged: encoded slashes, dots and percent signs, `..;`. */
const AMBIGUOUS_PATH = /%(?:2f|5c|2e|25|00)|(?:^|\/)\.{0,2};|\/\//i

/**
 * The egress of a configuration.
 * @throws ControllerError CONFIG_INVALID, with every problem in `details`
 */
export function createEgress(given: EgressConfigInput, from: { readonly env: Readonly<Record<string, string | undefined>> }): Egress {
  const problems: { readonly path: string; readonly message: string }[] = []
  const report = (path: string, message: string) => void problems.push({ path, message })
  const parsed = EgressConfig.safeParse(given)
  for (const issue of parsed.error?.issues ?? []) report(`egress.${issue.path.join('.')}`, issue.message)
  const config = parsed.data ?? EgressConfig.parse({})

  const listed = config.private_hosts.flatMap((text, index) => readListed(text, `egress.private_hosts.${index}`, report))
  const services = new Map(Object.entries(config.services).map(([name, service]) => [name, readService(service, `egress.services.${name}`, report)]))
  if (problems.length > 0) {
    const lines = problems.map(({ path, message }) => `${path} ${message}`)
    throw new ControllerError('CONFIG_INVALID', `The egress configuration cannot be used: ${lines.join('; ')}.`, { details: problems })
  }

  const own = [...services.values()].flatMap(({ config: { private: isPrivate }, origins }) =>
    isPrivate ? [...origins].map((origin) => keyOf(origin)) : [],
  )
  const names = [...services.keys()].toSorted()
  const credential = (name: string, service: Service) => readCredential(name, service.config.credential, from.env)
  return {
    privateHosts: new Set([...listed, ...own]),
    services: names,
    async credentialFor(name, url, method) {
      const service = services.get(name)
      if (service === undefined) throw unknownService(name, names)
      if (!covers(service, url, method)) return null
      const value = await credential(name, service)
      const base64 = Buffer.from(value).toString('base64')
      const secrets = [value, base64].map((secret) => ({ name: `service/${name}`, value: secret }))
      const { header, template } = service.config
      const filled = template.replaceAll('${credential.base64}', () => base64).replaceAll('${credential}', () => value)
      return { header, value: filled, redactor: createRedactor(secrets) }
    },
    async secrets() {
      const read = [...services].map(async ([name, service]) => ({ name: `service/${name}`, value: await credential(name, service) }))
      const settled = await Promise.allSettled(read)
      return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    },
  }
}

type Report = (path: string, message: string) => void

function readListed(text: string, path: string, report: Report): readonly string[] {
  const host = readHostPort(text)
  if (typeof host === 'string') report(path, host)
  else if (host.reach === 'public') return [hostKey(host)]
  else if (mayBeOpened(host.reach)) return [hostKey(host)]
  else report(path, `leads to ${describeReach(host.reach)}, which nothing can open`)
  return []
}

function readService(config: EgressService, path: string, report: Report): Service {
  const texts = config.base_url === undefined ? (config.hosts ?? []).map((host) => `https://${host}/`) : [config.base_url]
  const urls = texts.flatMap((text, index) => {
    const field = config.base_url === undefined ? `${path}.hosts.${index}` : `${path}.base_url`
    const url = readWebUrl(text)
    if (typeof url === 'string') report(field, url)
    else if (config.base_url === undefined && url.path !== '/') report(field, 'must be a host, with :port when it matters')
    else if (url.reach !== 'public' && !config.private) report(field, `leads to ${describeReach(url.reach)}; set private: true if it is meant`)
    else if (!mayBeOpened(url.reach)) report(field, `leads to ${describeReach(url.reach)}, which nothing can open`)
    else return [url]
    return []
  })
  const prefix = config.base_url === undefined ? (config.path_prefix ?? '/') : (urls[0]?.path ?? '/')
  if (AMBIGUOUS_PATH.test(prefix)) report(`${path}.path_prefix`, 'has an encoded or empty segment')
  return { config, origins: new Set(urls.map(originOf)), prefix: prefix.replace(/\/$/, '') }
}

function covers({ config, origins, prefix }: Service, url: WebUrl, method: HttpMethod): boolean {
  if (!origins.has(originOf(url)) || !config.methods.includes(method)) return false
  if (prefix === '') return true
  return (url.path === prefix || url.path.startsWith(`${prefix}/`)) && !AMBIGUOUS_PATH.test(url.path)
}

function keyOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2)
}

function unknownService(name: string, names: readonly string[]): ControllerError {
  return new ControllerError('ARGS_INVALID', `There is no egress service named ${JSON.stringify(name)}.`, {
    hint: names.length === 0 ? 'The configuration has none; leave `service` out.' : `Use one of ${names.join(', ')}, or leave \`service\` out.`,
  })
}
