import { parseDocument } from 'yaml'
import { nestedTooDeeplyAt } from '../../core/yaml-depth.ts'
import { isTree } from './deep-merge.ts'

/** The longest text that is read, bytes: what kubeadm and the kubelet write takes some KiB. */
const longest = 64 * 1024

/**
 * The value of a YAML text that comes from a host; undefined for what is no YAML, is far too long or nested too deeply, or
 * has aliases, with which a short text means a long one and which no program writes there. It takes time that grows as the text does: yaml looks
 * for keys that come twice by comparing each with each, so that here the last one counts, and it words its errors by
 * counting lines from the beginning.
 */
export function hostYaml(text: string): unknown {
  if (text.length > longest || nestedTooDeeplyAt(text) !== undefined) return undefined
  try {
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 })
  } catch {
    return undefined
  }
}

/** What evcctl has kept on a host as JSON, a mapping; undefined for what is none any more, or is nested too deeply for one. */
export function keptJson(text: string): Readonly<Record<string, unknown>> | undefined {
  if (nestedTooDeeplyAt(text) !== undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isTree(value) ? value : undefined
  } catch {
    return undefined
  }
}
