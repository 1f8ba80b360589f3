import { isIP } from 'node:net'
import { z } from 'zod'
import { bareUrl } from './scalars.ts'
import { loginName, secret } from './secret.ts'

// The port must be written: programs have different default ports. The value is used in files of systemd and in scripts.
const proxyUrl = bareUrl.refine(
  value =>
    !/^https?:/.test(value) ||
    !URL.canParse(value) ||
    /^https?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):\d+\/?$/.test(value),
  { error: 'a URL of a host with a port and nothing after it, e.g. http://proxy.example:3128' },
)

const name = /^\.?[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/

// Only forms that curl, apt and Go all understand: no `*` and no port.
const expected = 'a host name, a domain with a dot before it, an IP address or an IP range'
const noProxy = z
  .string({ error: expected })
  .refine(value => name.test(value) || isIP(value) !== 0 || /^[0-9A-Fa-f.:]+\/\d{1,3}$/.test(value), {
    error: expected,
  })

/** `spec.proxy` */
export const proxySchema = z.strictObject({
  http: proxyUrl
    .describe('Proxy for http:// URLs, e.g. `http://proxy.example:3128`. Default: they are asked without one.')
    .optional(),
  https: proxyUrl
    .describe('Proxy for https:// URLs; most often the same, and also one of http://. Default: none.')
    .optional(),
  noProxy: z
    .array(noProxy)
    .describe(
      'What is asked without it, e.g. `.corp.example`, `10.0.0.0/8` (apt knows no ranges). The hosts of this file, the ' +
        'ranges of pods and services, the cluster domain, the endpoint of the control plane and localhost are added.',
    )
    .default([]),
  username: loginName.describe('User name for the proxy.').optional(),
  password: secret('Password for the proxy.').optional(),
})
