import { loadClusterFile } from '../../config/index.ts'
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
    })
  } else {
    const leaving = spec.leaving.length === 0 ? '' : ` and ${spec.leaving.length} to be removed`
    const what = `${count(hosts.length, 'host')}${leaving}, Kubernetes ${kubernetes.version}, ${runtimeLabel(runtime)}`
    printLine(`${options.file} is right: ${name}, ${what}. No host was contacted; next: evcctl ping ${options.file}`)
  }
  return exitCodes.ok
}
