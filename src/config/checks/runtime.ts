import { type RuntimeName, runtimes, socketPath } from '../../catalog/index.ts'
import type { Draft } from '../draft.ts'
import { isMapping, type Path, valueAt } from '../finding.ts'
import type { Check, Report } from './check.ts'

type Patch = Readonly<Record<string, unknown>>
type PatchCheck = (patch: Patch, path: Path, report: Report) => void

/** Checks that the runtime supports its settings, and that its configuration does not contradict the kubelet's. */
export const checkRuntime: Check = (draft, report) => {
  if (!draft.sound('spec.runtime.name')) return
  checkMirrors(draft, report)
  checkAuthorities(draft, report)
  checkCredentials(draft, report)
  if (!draft.sound('spec.runtime.configPatches')) return
  const { name, configPatches } = draft.sections.runtime
  for (const [index, patch] of configPatches.entries())
    patchChecks[name](patch, ['spec', 'runtime', 'configPatches', index], report)
}

// Runtimes that support mirrors for some registries only, and why they do not support one for the others.
const mirrorLimits: Partial<Record<RuntimeName, (registry: string) => string | undefined>> = {
  'cri-o': registry =>
    registry === '_default' ? 'CRI-O has no mirrors for all registries at once: name each registry.' : undefined,
  docker: registry =>
    registry === 'docker.io' ? undefined : `Docker asks mirrors for docker.io only, not ${registry}.`,
}

function checkMirrors({ sections, sound }: Draft, report: Report): void {
  const { name, registryMirrors } = sections.runtime
  const limit = mirrorLimits[name]
  if (limit === undefined || !sound('spec.runtime.registryMirrors')) return
  for (const [registry, urls] of Object.entries(registryMirrors)) {
    const path: Path = ['spec', 'runtime', 'registryMirrors', registry]
    const problem = limit(registry)
    if (problem !== undefined) {
      const next =
        name === 'docker'
          ? "For Kubernetes' own images use spec.images.registry; or choose containerd or CRI-O."
          : undefined
      report({ path, at: 'key', problem, ...(next === undefined ? {} : { next }) })
    }
    for (const [index, url] of urls.entries()) {
      if (new URL(url).pathname === '/') continue
      const title = runtimes[name].title
      report({ path: [...path, index], problem: `A mirror of ${title} has no path.`, expected: new URL(url).origin })
    }
  }
}

// https://docs.docker.com/engine/security/certificates/: Docker does not read certs.d for Docker Hub.
function checkAuthorities({ sections, sound }: Draft, report: Report): void {
  const { name, registryCAs } = sections.runtime
  if (name !== 'docker' || !sound('spec.runtime.registryCAs') || registryCAs['docker.io'] === undefined) return
  report({
    path: ['spec', 'runtime', 'registryCAs', 'docker.io'],
    at: 'key',
    problem: 'Docker takes no CA of its own for docker.io: it trusts what the host trusts.',
    next: 'Add it to the host (update-ca-certificates); a mirror of docker.io can have its own CA here.',
  })
}

// cri-dockerd (PullImage in core/image.go) passes on only the credentials that the kubelet gives it, and kubeadm gives
// none. Docker sends its credentials for docker.io to a mirror.
function checkCredentials({ sections, sound }: Draft, report: Report): void {
  const { name, registryCredentials, registryMirrors } = sections.runtime
  if (name !== 'docker' || !sound('spec.runtime.registryCredentials')) return
  const next = 'Let it be read without credentials, or choose containerd or CRI-O.'
  const complain = (registry: string, problem: string) => {
    if (!Object.hasOwn(registryCredentials, registry)) return
    report({ path: ['spec', 'runtime', 'registryCredentials', registry], at: 'key', problem, next })
  }
  if (sound('spec.images.registry')) {
    const [registry = ''] = (sections.images.registry ?? 'registry.k8s.io').split('/')
    complain(registry, "kubeadm pulls Kubernetes' own images through Docker, and can give it no credentials.")
  }
  if (!sound('spec.runtime.registryMirrors')) return
  const mirrors = Object.values(registryMirrors).flat()
  for (const mirror of new Set(mirrors.map(url => new URL(url).host)))
    complain(mirror, "Docker has no credentials of a mirror's own.")
}

const patchChecks: Readonly<Record<RuntimeName, PatchCheck>> = {
  containerd: checkContainerdPatch,
  'cri-o': checkCriOPatch,
  docker: checkDockerPatch,
}

function checkContainerdPatch(patch: Patch, path: Path, report: Report): void {
  checkSocket('containerd', patch, ['grpc', 'address'], path, report)
  const plugins = valueAt(patch, ['plugins'])
  if (!isMapping(plugins)) return
  for (const plugin of Object.keys(plugins)) {
    // This is the plugin name of containerd 1.x; containerd 2 would not read it.
    if (plugin === 'io.containerd.grpc.v1.cri')
      report({
        path: [...path, 'plugins', plugin],
        at: 'key',
        problem: `containerd 2 has no plugin "${plugin}".`,
        expected: '"io.containerd.cri.v1.runtime" or "io.containerd.cri.v1.images"',
      })
    const cgroup = ['plugins', plugin, 'containerd', 'runtimes', 'runc', 'options', 'SystemdCgroup']
    if (valueAt(patch, cgroup) === false)
      report({ path: [...path, ...cgroup], problem: cgroupDriver, expected: 'true' })
  }
}

function checkCriOPatch(patch: Patch, path: Path, report: Report): void {
  checkSocket('cri-o', patch, ['crio', 'api', 'listen'], path, report)
  const manager = ['crio', 'runtime', 'cgroup_manager']
  const value = valueAt(patch, manager)
  if (value !== undefined && value !== 'systemd')
    report({ path: [...path, ...manager], problem: cgroupDriver, expected: 'systemd' })
  if (isMapping(valueAt(patch, ['crio'])) || Object.keys(patch).length === 0) return
  const [key = ''] = Object.keys(patch)
  const problem = `crio.conf has all its tables under "crio", so "${key}" would not be read.`
  report({ path: [...path, key], at: 'key', problem, next: 'Write crio: { runtime: { … } }' })
}

function checkDockerPatch(patch: Patch, path: Path, report: Report): void {
  const options = patch['exec-opts']
  if (Array.isArray(options) && !options.includes('native.cgroupdriver=systemd'))
    report({
      path: [...path, 'exec-opts'],
      problem: cgroupDriver,
      expected: 'native.cgroupdriver=systemd among them: lists replace',
    })
  // docker.service sets hosts on the command line, and dockerd does not start if daemon.json sets it too.
  if (patch.hosts !== undefined)
    report({
      path: [...path, 'hosts'],
      at: 'key',
      problem:
        'hosts cannot be set here: docker.service says where Docker listens, and dockerd refuses to be told twice.',
      next: 'Leave it out.',
    })
}

const cgroupDriver = 'The kubelet uses the systemd cgroup driver.'

function checkSocket(name: RuntimeName, patch: Patch, key: readonly string[], path: Path, report: Report): void {
  const expected = socketPath(runtimes[name].socket)
  const value = valueAt(patch, key)
  if (value === undefined || (typeof value === 'string' && socketPath(value) === expected)) return
  report({ path: [...path, ...key], problem: `The kubelet expects ${runtimes[name].title} elsewhere.`, expected })
}
