import { artifact, mirroredUrl } from '../../catalog/index.ts'
import { type ClusterSpec, loadClusterFile, missingVersions } from '../../config/index.ts'
import { type ExitCode, exitCodes } from '../../core/index.ts'
import { count, runtimeLabel } from '../../report/index.ts'
import { printJson, printLine } from '../terminal/streams.ts'

/** `evcctl validate`: throws all errors of the file at once, or describes a valid file in one line. */
export async function validate(options: {
  readonly file: string
  readonly output: 'text' | 'json'
}): Promise<ExitCode> {
  const spec = await loadClusterFile(options.file)
  const { name, kubernetes, runtime, network } = spec
  const hosts = spec.hosts.map(host => ({ name: host.name, address: host.address, roles: host.roles }))
  if (options.output === 'json') {
    printJson({
      type: 'valid',
      file: options.file,
      cluster: name,
      kubernetes: kubernetes.version,
      runtime: { name: runtime.name, version: runtime.version },
      cni: network.cni,
      hosts,
      leaving: spec.leaving.map(host => host.name),
      lookUps: lookUps(spec),
      notes: spec.notes,
    })
  } else {
    const leaving = spec.leaving.length === 0 ? '' : ` and ${spec.leaving.length} to be removed`
    const what = `${count(hosts.length, 'host')}${leaving}, Kubernetes ${kubernetes.version}, ${runtimeLabel(runtime)}`
    printLine(`${options.file} is right: ${name}, ${what}. No host was contacted; next: evcctl ping ${options.file}`)
    for (const { what, site } of lookUps(spec))
      printLine(`${what} is not in the catalog: plan and apply look it up at ${site}.`)
    for (const note of spec.notes) printLine(note)
  }
  return exitCodes.ok
}

interface LookUp {
  /** `kubelet 1.37.2` */
  readonly what: string
  /** The host that is asked. */
  readonly site: string
}

function lookUps(spec: ClusterSpec): readonly LookUp[] {
  return (missingVersions(spec)?.artifacts ?? []).map(([name, version]) => ({
    what: `${name} ${version}`,
    site: new URL(mirroredUrl(spec.artifacts.mirror, artifact(name, version, 'amd64').url)).host,
  }))
}
