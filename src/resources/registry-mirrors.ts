import { stringify } from 'smol-toml'
import type { FieldChange, ProbeResult, Resource, Step } from '../core/resource.ts'
import { quote } from '../shell/quote.ts'
import { decodeFile } from './kubeadm-state.ts'
import { linesOf } from './probe-output.ts'

/** Registry host → URLs of its mirrors, tried in order before the registry itself. */
export type RegistryMirrors = Readonly<Record<string, readonly string[]>>

/** Folder of one hosts.toml a registry; containerd reads them at every pull. */
export const mirrorsFolder = '/etc/containerd/certs.d'

// By this line a later run knows the files that are evcctl's to remove.
const header = '# Managed by evcctl.\n'

/** Files of evcctl in certs.d: registry host → content. */
export type MirrorFiles = Readonly<Record<string, string>>

/** The mirrors that containerd asks first. Files in certs.d that somebody else wrote are left alone, unless named here. */
export function registryMirrors(mirrors: RegistryMirrors): Resource<MirrorFiles, { readonly files: MirrorFiles }> {
  const files = Object.fromEntries(Object.entries(mirrors).map(([host, urls]) => [host, hostsToml(host, urls)]))
  return {
    kind: 'registry mirrors',
    name: mirrorsFolder,
    probe: { script: probeScript(Object.keys(mirrors)), parse: parseFiles },
    desired: { files },
    diff(current) {
      const fields = [...changes(current, files)]
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge(current) {
      const steps: Step[] = []
      for (const [host, content] of Object.entries(files)) {
        if (current[host] === content) continue
        steps.push({ run: `mkdir -p ${quote(`${mirrorsFolder}/${host}`)}\n` })
        steps.push({ write: `${mirrorsFolder}/${host}/hosts.toml`, content, mode: 0o644 })
      }
      for (const [host, content] of Object.entries(current)) {
        if (!Object.hasOwn(files, host) && content.startsWith(header))
          steps.push({ run: removeScript(`${mirrorsFolder}/${host}`) })
      }
      return steps
    },
  }
}

// Format: containerd's docs/hosts.md. Docker Hub's API does not live under the name that images use.
function hostsToml(host: string, urls: readonly string[]): string {
  const server = host === 'docker.io' ? 'https://registry-1.docker.io' : `https://${host}`
  const mirrors = Object.fromEntries(urls.map(url => [url, { capabilities: ['pull', 'resolve'] }]))
  return `${header}${stringify(host === '_default' ? { host: mirrors } : { server, host: mirrors })}\n`
}

function probeScript(wanted: readonly string[]): string {
  const named = wanted.map(host => quote(`${mirrorsFolder}/${host}/hosts.toml`))
  return `for file in ${[`${mirrorsFolder}/*/hosts.toml`, ...named].join(' ')}; do
  if [ ! -f "$file" ]; then continue; fi
  host=\${file%/hosts.toml}
  printf 'file=%s ' "\${host##*/}"
  base64 -w 0 <"$file"
  echo
done
`
}

function parseFiles(raw: ProbeResult): MirrorFiles {
  const files = linesOf(raw, 'file').map(line => {
    const at = line.indexOf(' ')
    return [line.slice(0, at), decodeFile(line.slice(at + 1))] as const
  })
  return Object.fromEntries(files)
}

function* changes(current: MirrorFiles, wanted: MirrorFiles): Iterable<FieldChange> {
  for (const [host, after] of Object.entries(wanted)) {
    const before = current[host]
    if (before !== after) yield { field: host, ...(before === undefined ? {} : { before }), after }
  }
  for (const [host, before] of Object.entries(current)) {
    if (!Object.hasOwn(wanted, host) && before.startsWith(header)) yield { field: host, before }
  }
}

function removeScript(folder: string): string {
  return `rm -f ${quote(`${folder}/hosts.toml`)}\nrmdir --ignore-fail-on-non-empty ${quote(folder)}\n`
}
