import * as z from 'zod'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** A method that a request may have. */
export const HttpMethod = z.enum(METHODS)
export type HttpMethod = z.infer<typeof HttpMethod>

/** A service's name: in arguments, and in `${secret:service/NAME}`, which stands where its credential stood. */
export const ServiceName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be lower-case letters, digits, _ and -, at most 32, starting with a letter')

/** Where a credential is read, anew for every request: a variable of the controller's environment, or a file that its owner alone can read (0600). */
export const CredentialSource = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable') }),
  z.strictObject({ file: z.string().startsWith('/', 'must be an absolute path') }),
])
export type CredentialSource = z.infer<typeof CredentialSource>

/** Headers that say where a message begins, ends or goes: a credential in one of them would change the request. */
const FRAMING = /^(?:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-connection)$/i

/** A place that requests may go to with a credential that nobody but this process sees. Exactly one of `base_url` and `hosts`. */
export const EgressService = z
  .strictObject({
    /** `https://api.example.com/v1`: scheme, host, port and the beginning of the path that a request must have. `http` only with `private`. */
    base_url: z.url({ protocol: /^https?$/ }).optional(),
    /** `api.example.com` or `api.example.com:8443`, all over https. */
    hosts: z.array(z.string().min(1)).min(1).optional(),
    /** Beginning of the path, whole segments; `/` when absent. Not with `base_url`, which has its own. */
    path_prefix: z.string().startsWith('/').optional(),
    methods: z.array(HttpMethod).min(1).default(['GET', 'HEAD']),
    credential: CredentialSource,
    /** The header that carries the credential. */
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header')
      .refine((name) => !FRAMING.test(name), 'must not be a header that frames the message')
      .default('Authorization'),
    /** The header's value: `${credential}` stands for the credential, `${credential.base64}` for it in base64 (`Basic ${credential.base64}`). */
    template: z
      .string()
      .max(256)
      .regex(/^[\x20-\x7e]*\$\{credential(?:\.base64)?\}[\x20-\x7e]*$/, 'must contain ${credential} or ${credential.base64}, in printable ASCII')
      .default('Bearer ${credential}'),
    /** Whether its hosts may be on this machine or a private network; they then count as listed in `private_hosts`. */
    private: z.boolean().default(false),
  })
  .superRefine((service, ctx) => {
    const refuse = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
    if ((service.base_url === undefined) === (service.hosts === undefined)) refuse('base_url', 'must be given, or hosts, and not both')
    if (service.base_url !== undefined && service.path_prefix !== undefined) refuse('path_prefix', 'must be part of base_url')
    if (service.base_url !== undefined && /[?#]/.test(service.base_url)) refuse('base_url', 'must have no query and no fragment')
    if (!service.private && service.base_url !== undefined && !/^https:/i.test(service.base_url)) {
      refuse('base_url', 'must be https: a credential would go over the network in the clear')
    }
  })
export type EgressService = z.infer<typeof EgressService>
export type EgressServiceInput = z.input<typeof EgressService>

/** What may leave this machine beyond what every policy can allow. Only the operator's configuration says so, never a policy or a workspace. */
export const EgressConfig = z.strictObject({
  /** `host:port` on this machine or a private network that a policy may allow: `127.0.0.1:8080`, `git.internal:443`. */
  private_hosts: z.array(z.string()).default([]),
  services: z.record(ServiceName, EgressService).default({}),
})
export type EgressConfig = z.infer<typeof EgressConfig>
export type EgressConfigInput = z.input<typeof EgressConfig>
