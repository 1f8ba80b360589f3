import { isIPv6 } from 'node:net'
import { parseIpv4Range } from '../ip.ts'
import type { Check } from './check.ts'

/** Checks that spec.proxy names a proxy, and that keys which need each other are there together. */
export const checkProxy: Check = ({ sections, sound, given }, report) => {
  const path = ['spec', 'proxy']
  if (!sound('spec.proxy')) return
  const { http, https, noProxy, username, password } = sections.proxy
  const says = ['noProxy', 'username', 'password'].find(key => given(`spec.proxy.${key}`))
  if (http === undefined && https === undefined && says !== undefined) {
    const next = 'Add https (and http): http://proxy.example:3128, or remove it.'
    report({ path: [...path, says], at: 'key', problem: `There is no proxy that ${says} could be for.`, next })
  }
  if (username === undefined && password !== undefined)
    report({ path: [...path, 'password'], at: 'key', problem: 'A password needs a username.' })
  if (username !== undefined && password === undefined)
    report({ path: [...path, 'username'], at: 'key', problem: 'A username needs a password.' })
  for (const [index, entry] of noProxy.entries()) {
    if (!entry.includes('/') || (isIPv6(entry.split('/')[0]!) && Number(entry.split('/')[1]) <= 128)) continue
    const range = parseIpv4Range(entry)
    if (range?.text === entry) continue
    const problem =
      range === undefined ? `"${entry}" is not an IP range.` : `"${entry}" does not begin where its range begins.`
    report({ path: [...path, 'noProxy', index], problem, expected: range?.text ?? 'an IP range, e.g. 10.0.0.0/8' })
  }
}
