import { valid } from 'semver'
import { z } from 'zod'

// The message of each scalar says what is accepted; explain.ts prints it as `expected`.

/** A text that matches a pattern; `expected` finishes the sentence "expected …". */
export function text(pattern: RegExp, expected: string) {
  return z.string({ error: expected }).regex(pattern, { error: expected })
}

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const durationPart = /(\d+(?:\.\d+)?)(ms|s|m|h)/g

/** `30s`, `5m`, `1h30m`, `500ms` → ms, as Go and Kubernetes write durations. */
export const duration = text(
  /^(\d+(\.\d+)?(ms|s|m|h))+$/,
  'a duration with a unit, e.g. 500ms, 30s, 5m, 1h30m',
).transform(value => {
  let ms = 0
  for (const [, number, unit] of value.matchAll(durationPart))
    ms += Number(number) * durationUnits[unit as keyof typeof durationUnits]
  return Math.round(ms)
})

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** `1500Mi`, `2Gi`, `2G` → bytes, as Kubernetes writes quantities. */
export const size = text(/^\d+(\.\d+)?([kMGT]|[KMGT]i)$/, 'a size with a unit, e.g. 1500Mi, 2Gi, 2G').transform(
  value => {
    const [, number, unit = ''] = /^([\d.]+)(\w*)$/.exec(value) ?? []
    return Math.round(Number(number) * (sizeUnits[unit] ?? 1))
  },
)

const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:[a-z]{3,6})?'
const field = '[0-9*][0-9*,./]*'
const event = `(?:${day}(?:(?:,|\\.\\.)${day})* )?(?:(?:${field}-)?${field}[-~]${field} )?${field}:${field}(?::${field})?(?: UTC)?`

/** A calendar event of systemd, as far as its form goes; systemd on the hosts knows whether such a time exists. */
export const schedule = text(
  new RegExp(`^(?:minutely|hourly|daily|weekly|monthly|quarterly|semiannually|yearly|${event})$`),
  'a calendar event of systemd, e.g. hourly, daily, *-*-* 03:00, Mon..Fri 22:30',
)

/** A TCP port. */
export const port = z
  .int({ error: 'a port, 1 to 65535' })
  .min(1, { error: 'a port, 1 to 65535' })
  .max(65_535, { error: 'a port, 1 to 65535' })

const fullVersion = 'a full version, e.g. 1.36.4'

/** `1.36.4` or `v1.36.4` → `1.36.4`; a pre-release or build part names a private build. */
export const version = text(/^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/, fullVersion)
  // A version may not have numbers with a leading zero or with too many digits.
  .refine(value => valid(value) !== null, { error: fullVersion })
  .transform(value => value.replace(/^v/, ''))

/** An IPv4 range. The checks across keys verify that it is written with its first address. */
export const ipv4Range = text(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'an IPv4 range in CIDR notation, e.g. 10.244.0.0/16')

/** DNS-1123 label. */
export const dnsLabel = text(
  /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  'at most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit',
)

/** DNS-1123 subdomain of at most 63 characters: longer ones do not fit the label kubernetes.io/hostname. */
export const hostName = text(
  /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'a name that Kubernetes accepts for a node: at most 63 lower-case letters, digits, "-" and "."',
)

/** DNS-1123 subdomain. */
export const domain = text(
  /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'a domain name, e.g. cluster.local',
)

/** Whether a URL has `user:password@` (or `token@`) before its host. */
export function hasCredentials(value: string): boolean {
  return /^https?:\/\/[^/?#\s]*@/.test(value)
}

/** A URL that curl on the hosts can fetch from; `user:password@` in it goes to curl by stdin only. */
export const url = text(/^https?:\/\/[^\s/?#]+[^\s?#]*$/, 'a URL that begins with http:// or https://')
  // A text that does not begin so has its error already.
  .refine(value => !/^https?:/.test(value) || URL.canParse(value), {
    error: 'a URL with a host and, maybe, a port',
    abort: true,
  })
  // They are a line of curl's configuration, in which another line would be another option.
  .refine(value => !/%(0[0-9a-f]|1[0-9a-f]|7f)/i.test(/^https?:\/\/([^/]*)@/.exec(value)?.[1] ?? ''), {
    error: 'a URL with no line break in user name and password',
  })

/** A URL without credentials, because plans show it and every user of the host can read it in files. */
export const bareUrl = url.refine(value => !hasCredentials(value), { error: 'a URL without user name and password' })

export const sha256 = text(/^[0-9a-fA-F]{64}$/, 'a sha256: 64 hexadecimal digits').transform(value =>
  value.toLowerCase(),
)

/** A path on the machine that runs evcctl. */
export const localPath = z.string({ error: 'a path' }).min(1, { error: 'a path' })

export const flag = z.boolean()

/** A command for `sh -c`. `example`: one that fits. `place`: where a longer one could be put into a script. */
export function command(example: string, place: string) {
  const error = `a command for sh, e.g. ${example}`
  return z
    .string({ error })
    .trim()
    .min(1, { error })
    .max(4_096, { error: `a command of at most 4096 characters; put a longer one into a script ${place}` })
    .refine(text => !text.includes('\0'), { error: `${error}, without NUL characters` })
}
