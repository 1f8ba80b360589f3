import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProbeResult } from '../../src/core/index.ts'
import { recoverManifests, swapManifestsScript } from '../../src/resources/kubeadm/swap-manifests.ts'
import { Sandbox } from './sandbox.ts'

const components = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
type Component = (typeof components)[number]

/**
 * What comes of a pod of an image: it runs, its container cannot be created, or its program ends again and again. `writes and ends` is for
 * etcd: it raises the version of its data before it ends.
 */
export type Fate = 'runs' | 'cannot be created' | 'ends at once' | 'writes and ends'

interface Pod {
  readonly image: string
  readonly number: number
  restarts: number
}

/** Versions of etcd: `old` is 3.6.8, `new` is 3.7.0. */
export const etcdTags = { old: '3.6.8-0', new: '3.7.0-0' } as const

const ports: Readonly<Record<string, Component>> = {
  2379: 'etcd',
  10257: 'kube-controller-manager',
  10259: 'kube-scheduler',
}

/** How long an API server is wanted and not there before it starts. A real kubelet takes about as long. */
const serverStartMs = 2000

/**
 * A control plane node whose kubelet is a few lines of this file: it runs what the manifests say, as processes and cgroups in a
 * folder of its own, and each pod does what the fate of its image is.
 */
export class StaticPodWorld implements Disposable {
  /** The newest etcd that has written: an older one ends at once. */
  #etcdHasRun = ''
  readonly #sandbox = new Sandbox()
  readonly #fates: Record<string, Fate>
  readonly #pods = new Map<Component, Pod>()
  #noServerSince: number | undefined
  readonly #timer: NodeJS.Timeout
  #number = 0
  /** What was running at each change, e.g. `kube-apiserver:old etcd:old`. */
  readonly seen: string[] = []
  /** Whether other hosts were kept out when an API server began, one for each that did. */
  readonly closedAtStart: boolean[] = []

  /** `fates` are by image, e.g. `kube-scheduler:new`; any other image runs. */
  constructor(fates: Readonly<Record<string, Fate>> = {}) {
    this.#fates = { ...fates }
    for (const folder of [
      'etc/kubernetes/manifests',
      'etc/kubernetes/pki/etcd',
      'var/lib/evcctl',
      'proc',
      'cgroup',
      'bin',
      'healthy',
      'proc/sys/kernel/random',
      'var/lib/etcd/member/wal',
    ])
      mkdirSync(this.#path(folder), { recursive: true })
    mkdirSync(this.#path('var/log/pods'), { recursive: true })
    for (const component of components) this.#write(component, 'old')
    writeFileSync(this.#path('proc/sys/kernel/random/boot_id'), 'first\n')
    writeFileSync(this.#path('var/lib/etcd/member/wal/0.wal'), '')
    for (const [name, text] of Object.entries(this.#programs())) {
      writeFileSync(this.#path('bin', name), `#!/bin/sh\n${text}\n`)
      chmodSync(this.#path('bin', name), 0o755)
    }
    this.#sync()
    this.#timer = setInterval(() => this.#sync(), 30)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    rmSync(this.#sandbox.root, { recursive: true, force: true })
  }

  /** Gives all static pods the image with the tag `new`, etcd that with `etcdTag`. */
  upgrade(etcdTag: string = etcdTags.new): Promise<ProbeResult> {
    writeFileSync(this.#path('etcdTag'), etcdTag)
    return this.#run(
      swapManifestsScript({
        configuration: '/etc/evcctl/kubeadm.yaml',
        ready: `[ -e ${this.#path('healthy/kube-apiserver')} ]`,
        etcd: true,
      }),
    )
  }

  /** Puts back what a change that was cut off has taken away. */
  recover(): Promise<ProbeResult> {
    return this.#run(recoverManifests)
  }

  /** Ends the script that runs, as a power cut or the OOM killer does. */
  kill(): void {
    this.#sandbox.kill()
  }

  /** What fate an image has from now on. */
  becomes(image: string, fate: Fate): void {
    this.#fates[image] = fate
  }

  #run(script: string): Promise<ProbeResult> {
    const here = script
      .replaceAll('/proc/', `${this.#path('proc')}/`)
      .replaceAll('/sys/fs/cgroup', this.#path('cgroup'))
      .replaceAll('/var/log/pods', this.#path('var/log/pods'))
      .replaceAll('/usr/local/bin/kubectl', this.#path('bin/kubectl'))
    return this.#sandbox.sh(`set -eu\n${here}`, '', `${this.#path('bin')}:`)
  }

  /** The images of the pods that run now. */
  running(): readonly string[] {
    return [...this.#pods.values()].flatMap(({ image }) => (this.#fateOf(image) === 'runs' ? [image] : [])).sort()
  }

  /** The images in the manifests. */
  manifests(): readonly string[] {
    const folder = this.#path('etc/kubernetes/manifests')
    return readdirSync(folder)
      .map(name => this.#imageIn(join(folder, name)) ?? '')
      .sort()
  }

  /** Whether a change is marked as begun and not ended. */
  isMarked(): boolean {
    return existsSync(this.#path('var/lib/evcctl/manifests/complete'))
  }

  /** Whether a rule of the packet filter keeps other hosts from the API server. */
  isClosed(): boolean {
    return existsSync(this.#path('rules')) && readFileSync(this.#path('rules'), 'utf8') !== ''
  }

  /** How often other hosts were kept out. */
  closings(): number {
    return existsSync(this.#path('closings')) ? readFileSync(this.#path('closings'), 'utf8').split('\n').length - 1 : 0
  }

  #path(...parts: readonly string[]): string {
    return join(this.#sandbox.root, ...parts)
  }

  #write(component: Component, tag: string): void {
    const text = component === 'etcd' ? this.#etcdManifest(etcdTags.old) : `image: ${component}:${tag}\n`
    writeFileSync(this.#path('etc/kubernetes/manifests', `${component}.yaml`), text)
  }

  #etcdManifest(tag: string): string {
    return `- --data-dir=${this.#path('var/lib/etcd')}\nimage: etcd:${tag}\n`
  }

  #imageIn(path: string): string | undefined {
    try {
      return /^image: (\S+)$/m.exec(readFileSync(path, 'utf8'))?.[1]
    } catch {
      // The script may take it away in any moment.
      return undefined
    }
  }

  #fateOf(image: string): Fate {
    if (image.startsWith('etcd:') && image < this.#etcdHasRun) return 'ends at once'
    return this.#fates[image] ?? 'runs'
  }

  // What the kubelet does in one turn.
  #sync(): void {
    const before = this.running().join(' ')
    for (const component of components) {
      const wanted = this.#imageIn(this.#path('etc/kubernetes/manifests', `${component}.yaml`))
      const pod = this.#pods.get(component)
      if (pod !== undefined && pod.image !== wanted) this.#end(component, pod)
      else if (pod !== undefined) this.#again(component, pod)
      else if (wanted !== undefined && this.#mayBegin(component)) this.#begin(component, wanted)
    }
    if (this.running().join(' ') !== before) this.seen.push(this.running().join(' '))
  }

  #mayBegin(component: Component): boolean {
    if (component !== 'kube-apiserver' || this.closedAtStart.length === 0) return true
    this.#noServerSince ??= Date.now()
    if (Date.now() - this.#noServerSince < serverStartMs) return false
    this.#noServerSince = undefined
    return true
  }

  #begin(component: Component, image: string): void {
    this.#number += 1
    const pod = { image, number: this.#number, restarts: 0 }
    this.#pods.set(component, pod)
    mkdirSync(this.#path('cgroup/kubepods', `pod${this.#uid(pod)}`, 'container'), { recursive: true })
    const fate = this.#fateOf(image)
    if (component === 'etcd' && (fate === 'runs' || fate === 'writes and ends')) {
      this.#etcdHasRun = image
      writeFileSync(this.#path('var/lib/etcd/member/wal/0.wal'), image, { flag: 'a' })
    }
    if (fate === 'cannot be created') this.#log(component, pod)
    if (fate !== 'runs') mkdirSync(this.#logs(component, pod), { recursive: true })
    if (component === 'kube-apiserver') this.closedAtStart.push(this.isClosed())
    if (fate !== 'runs') return
    const process = this.#path('proc', String(pod.number))
    mkdirSync(process)
    writeFileSync(join(process, 'cmdline'), `${component}\0--v=2\0${image}\0`)
    writeFileSync(join(process, 'cgroup'), `0::/kubepods/pod${this.#uid(pod)}/container\n`)
    writeFileSync(this.#path('healthy', component), '')
  }

  #end(component: Component, pod: Pod): void {
    this.#pods.delete(component)
    rmSync(this.#path('proc', String(pod.number)), { recursive: true, force: true })
    rmSync(this.#path('healthy', component), { force: true })
    rmSync(this.#path('cgroup/kubepods', `pod${this.#uid(pod)}`), { recursive: true })
  }

  // A container that does not run is started again.
  #again(component: Component, pod: Pod): void {
    const fate = this.#fateOf(pod.image)
    if (fate === 'runs') return
    pod.restarts += 1
    if (fate === 'cannot be created' && pod.restarts % 20 === 0) this.#log(component, pod)
    if ((fate === 'ends at once' || fate === 'writes and ends') && pod.restarts % 20 === 0)
      writeFileSync(join(this.#logs(component, pod), `${pod.restarts / 20}.log`), '2026 stderr F Error: broken\n')
  }

  #logs(component: Component, pod: Pod): string {
    return this.#path('var/log/pods', `kube-system_${component}-cp1_${this.#uid(pod)}`, component)
  }

  #log(component: Component, pod: Pod): void {
    const why = 'exec: \\"x\\": executable file not found in $PATH'
    const line = `E1129 11:22:01.500000     101 pod_workers.go:1324] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"${component}\\" with RunContainerError: \\"${why}\\"" pod="kube-system/${component}-cp1" podUID="${this.#uid(pod)}"\n`
    writeFileSync(this.#path('journal'), line, { flag: 'a' })
  }

  #uid({ number }: Pod): string {
    return String(number).padStart(32, '0')
  }

  #programs(): Readonly<Record<string, string>> {
    const health = Object.entries(ports).map(([port, name]) => `*:${port}/*) [ -e ${this.#path('healthy', name)} ];;`)
    return {
      curl: `for url in "$@"; do :; done\ncase $url in ${health.join(' ')} esac`,
      kubectl: `case "$*" in *' /readyz') [ -e ${this.#path('healthy/kube-apiserver')} ] ;; *) exit 1 ;; esac`,
      // iptables -w 5 -I INPUT …: one rule is all there may be.
      iptables: `case $3 in
-I) echo "$*" >${this.#path('rules')}; echo closed >>${this.#path('closings')} ;;
-D) [ -s ${this.#path('rules')} ] && : >${this.#path('rules')} ;;
esac`,
      ip6tables: 'exit 1',
      // systemd-run OPTION… /bin/sh PROGRAM keep PORT, in which the options have commands, too.
      'systemd-run': `for word in "$@"; do
  case $word in
    ExecStartPre=*) \${word#*=} ;;
    ExecStopPost=*) stop=\${word#*=} ;;
  esac
  former=\${three:-} three=\${two:-} two=\${one:-} one=$word
done
( $former $three $two $one; $stop ) >/dev/null 2>&1 &
echo "$! $stop" >${this.#path('unit')}`,
      systemctl: `if [ "$1" = stop ] && [ -e ${this.#path('unit')} ]; then
  read -r process stop <${this.#path('unit')}
  kill "$process" && $stop
fi
exit 0`,
      journalctl: `cat ${this.#path('journal')} 2>/dev/null`,
      // unshare -m sh -c SCRIPT sh COPY PATH COMMAND…
      unshare: 'export MANIFESTS="$6"\nshift 7\nexec "$@"',
      kubeadm: `case "$*" in
*etcd*) printf '%s' '${this.#etcdManifest('')}' | sed "s/^image:.*/&$(cat ${this.#path('etcdTag')})/" >"$MANIFESTS/etcd.yaml" ;;
*) for name in ${components.filter(name => name !== 'etcd').join(' ')}; do echo "image: $name:new" >"$MANIFESTS/$name.yaml"; done ;;
esac`,
    }
  }
}
