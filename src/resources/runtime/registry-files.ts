import { ownValue } from '../../core/own-value.ts'
import type { FieldChange, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { decodeFile, linesOf } from '../support/index.ts'

/** `<registry>/<file>` → content, e.g. `docker.io/hosts.toml` or `registry.example:5000/ca.crt`. */
export type RegistryFiles = Readonly<Record<string, string>>

// The files that evcctl writes: containerd's mirrors, and CA certificates for all runtimes.
const names = ['hosts.toml', 'ca.crt']

// The line by which a later run recognises the files that evcctl may remove. TOML and PEM both allow it.
const header = '# Managed by evcctl.\n'

/**
 * Files in a runtime's folder of registries (`certs.d`), which has one folder for each registry. The runtimes read them at
 * every pull. Files that somebody else wrote there are left alone, unless they have the path of one of these.
 */
export function registryFiles(
  folder: string,
  contents: RegistryFiles,
): Resource<RegistryFiles, { readonly files: RegistryFiles }> {
  const files = Object.fromEntries(Object.entries(contents).map(([path, content]) => [path, `${header}${content}`]))
  return {
    kind: 'registries',
    name: folder,
    probe: { script: probeScript(folder), parse: parseFiles },
    desired: { files },
    diff(current) {
      const fields = [...changes(current, files)]
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge(current) {
      const steps: Step[] = []
      for (const [path, content] of Object.entries(files)) {
        if (current[path] === content) continue
        steps.push({ run: `mkdir -p ${quote(`${folder}/${registryOf(path)}`)}\n` })
        steps.push({ write: `${folder}/${path}`, content, mode: 0o644 })
      }
      for (const [path, content] of Object.entries(current)) {
        if (!Object.hasOwn(files, path) && content.startsWith(header)) steps.push({ run: removeScript(folder, path) })
      }
      return steps
    },
    removal: {
      left: current => [...changes(current, {})],
      steps: current =>
        Object.entries(current)
          .filter(([, content]) => content.startsWith(header))
          .map(([path]) => ({ run: removeScript(folder, path) })),
    },
  }
}

function registryOf(path: string): string {
  return path.slice(0, path.indexOf('/'))
}

function probeScript(folder: string): string {
  return `cd ${quote(folder)} 2>/dev/null || exit 0
for file in ${names.map(name => `*/${name}`).join(' ')}; do
  if [ ! -f "$file" ]; then continue; fi
  printf 'file=%s ' "$file"
  base64 -w 0 <"$file"
  echo
done
`
}

function parseFiles(raw: ProbeResult): RegistryFiles {
  const files = linesOf(raw, 'file').map(line => {
    const at = line.indexOf(' ')
    return [line.slice(0, at), decodeFile(line.slice(at + 1))] as const
  })
  return Object.fromEntries(files)
}

function* changes(current: RegistryFiles, wanted: RegistryFiles): Iterable<FieldChange> {
  for (const [field, after] of Object.entries(wanted)) {
    const before = ownValue(current, field)
    if (before !== after) yield { field, ...(before === undefined ? {} : { before }), after }
  }
  for (const [field, before] of Object.entries(current)) {
    if (!Object.hasOwn(wanted, field) && before.startsWith(header)) yield { field, before }
  }
}

function removeScript(folder: string, path: string): string {
  return `rm -f ${quote(`${folder}/${path}`)}
rmdir --ignore-fail-on-non-empty ${quote(`${folder}/${registryOf(path)}`)}
`
}
