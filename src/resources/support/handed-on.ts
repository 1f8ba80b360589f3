import { X509Certificate } from 'node:crypto'

/*
 * Checks of values from one host that go to other hosts: into files, certificates, scripts, and commands that people copy.
 * A host must not get more trust than for the value that it was asked for.
 */

/** Whether an object of the API server, e.g. a node, can have this name (RFC 1123, as Kubernetes itself checks it). */
export function isObjectName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text)
}

/** The longest chain or request that is passed on, characters. */
const longestPem = 64 * 1024

/** `text` if it is PEM with this label, with comments or the text of openssl around it; undefined for anything else. */
export function pemToHandOn(text: string, label: 'CERTIFICATE' | 'CERTIFICATE REQUEST'): string | undefined {
  if (text.length > longestPem || !/^[\x20-\x7e\n\t]*$/.test(text)) return undefined
  const [, body] = text.split(`-----BEGIN ${label}-----\n`)
  const [base64, end] = (body ?? '').split(`-----END ${label}-----`)
  return end !== undefined && /^[A-Za-z0-9+/=\n]+$/.test(base64 ?? '') ? text : undefined
}

/** The one certificate in a text of a host, as PEM without anything around it; undefined: there is none, or more than one. */
export function certificateToHandOn(text: string): string | undefined {
  if (text.length > longestPem) return undefined
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (blocks.length !== 1) return undefined
  try {
    return new X509Certificate(blocks[0]!).toString()
  } catch {
    return undefined
  }
}

/** `url` if it is `https://<name or address>[:<port>]`; undefined for anything else. */
export function serverToHandOn(url: string): string | undefined {
  return /^https:\/\/(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(url) ? url : undefined
}
