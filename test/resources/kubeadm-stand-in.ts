import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProbeResult, Resource } from '../../src/core/index.ts'
import { plain } from '../kit/local-sh.ts'
import { Sandbox } from './sandbox.ts'

/** How an apply came out. */
export interface AppliedAll {
  /** What plan shows; undefined where nothing is to do. */
  readonly action: string | undefined
  readonly note?: string
  readonly refused?: string
  /** What the script said that failed. */
  readonly failed?: string
}

/**
 * A host with a kubeadm that refuses, writes and resets as the real one does, as far as files go: its preflight wants an
 * empty data folder and no manifests of its own, `init` and `join` write certificates, manifests and data of etcd, and
 * `reset` empties whole folders.
 */
export class KubeadmHost {
  readonly sandbox = new Sandbox()
  readonly data: string

  constructor(data = '/var/lib/etcd') {
    this.data = this.sandbox.inside(data)
    mkdirSync(join(this.sandbox.root, 'bin'))
    mkdirSync(this.sandbox.inside('/var/lib/evcctl'), { recursive: true })
    for (const name of ['systemctl', 'crictl', 'journalctl']) this.stub(name, 'exit 0\n')
    this.stub('sleep', 'exec /bin/sleep 0.1\n')
    this.stub('curl', `printf '{"members":[]}'\n`)
    const [kubernetes, kubelet] = ['/etc/kubernetes', '/var/lib/kubelet'].map(path => this.sandbox.inside(path))
    this.stub(
      'kubeadm',
      `k=${kubernetes} data='${this.data}' root=${this.sandbox.root}
echo "$*" | sed 's/ --config.*//' >>$root/asked
says() { if [ -s $root/$1.once ]; then cat $root/$1.once >&2; rm $root/$1.once; exit 1; fi; }
preflight() {
  says preflight
  if [ -n "$(ls -A "$data" 2>/dev/null)" ] && [ ! -e $root/ignored ]; then echo "	[ERROR DirAvailable--data]: $data is not empty" >&2; exit 1; fi
  if [ -e $k/manifests/kube-apiserver.yaml ]; then echo '	[ERROR FileAvailable]: a manifest' >&2; exit 1; fi
}
case $* in
  'init phase preflight '*|'join phase preflight '*) preflight; exit ;;
  *download-certs*) says download; mkdir -p $k/pki; echo kubeadm >$k/pki/apiserver-etcd-client.key; exit ;;
  *' phase '*) exit ;;
  init*|join*)
    preflight
    mkdir -p $k/pki $k/manifests $data/member/wal ${kubelet}
    for file in ca.crt ca.key sa.key; do [ -e $k/pki/$file ] || echo kubeadm >$k/pki/$file; done
    echo kubeadm >$k/admin.conf
    echo '    - --etcd-servers=https://192.0.2.1:2379' >$k/manifests/kube-apiserver.yaml
    says run
    echo kubeadm >$k/kubelet.conf; : >${kubelet}/config.yaml; : >$data/member/wal/0.wal ;;
  reset*)
    case $* in *--skip-phases=remove-etcd-member*) ;; *) find "$data" -mindepth 1 -delete ;; esac
    rm -f $k/admin.conf $k/kubelet.conf $k/controller-manager.conf
    for folder in $k/pki $k/manifests ${kubelet}; do [ ! -d $folder ] || find $folder -mindepth 1 -delete; done ;;
esac
`,
    )
  }

  stub(name: string, script: string): void {
    writeFileSync(join(this.sandbox.root, 'bin', name), `#!/bin/sh\n${script}`, { mode: 0o755 })
  }

  renameStub(from: string, to: string): void {
    renameSync(join(this.sandbox.root, 'bin', from), join(this.sandbox.root, 'bin', to))
  }

  write(path: string, content = 'of the user\n', mode = 0o640): void {
    const inside = path.startsWith(this.sandbox.root) ? path : this.sandbox.inside(path)
    mkdirSync(dirname(inside), { recursive: true })
    writeFileSync(inside, content)
    chmodSync(inside, mode)
  }

  /** kubeadm says so, once, and fails: in its preflight, when it downloads certificates, or in the middle of its run. */
  fails(where: 'preflight' | 'download' | 'run', words: string): void {
    writeFileSync(join(this.sandbox.root, `${where}.once`), `${words}\n`)
  }

  /** What `fails` said is taken back. */
  unfail(where: 'preflight' | 'download' | 'run'): void {
    rmSync(join(this.sandbox.root, `${where}.once`), { force: true })
  }

  /** kubeadm's check of the data folder is ignored. */
  ignoresData(): void {
    writeFileSync(join(this.sandbox.root, 'ignored'), '')
  }

  has(path: string): boolean {
    return existsSync(path.startsWith(this.sandbox.root) ? path : this.sandbox.inside(path))
  }

  /** What kubeadm was asked, in order. */
  asked(): readonly string[] {
    const path = join(this.sandbox.root, 'asked')
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []
  }

  /** All below a folder with content, mode and target. */
  tree(path: string): Readonly<Record<string, string>> {
    const folder = path.startsWith(this.sandbox.root) ? path : this.sandbox.inside(path)
    const found = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
    return Object.fromEntries(
      found.toSorted().flatMap(name => {
        const file = join(folder, name)
        const stat = lstatSync(file)
        if (stat.isDirectory()) return []
        if (stat.isSymbolicLink()) return [[name, `-> ${readlinkSync(file)}`]]
        return [[name, `${(stat.mode & 0o7777).toString(8)} ${stat.uid} ${readFileSync(file, 'utf8')}`]]
      }),
    )
  }

  /** One apply with all its scripts: what plan says, what it refuses, or how the last script ended that ran. */
  async applyAll<C, D, O>(resource: Resource<C, D, O>, desired: D): Promise<AppliedAll> {
    const current = await this.#probe(resource)
    const change = resource.diff(current, desired as never, { watched: [] })
    const told = change?.note === undefined ? {} : { note: change.note }
    if (change === undefined) return { action: undefined }
    const { action, refused } = change
    if (refused !== undefined) return { action, ...told, refused: `${refused.problem}\n${refused.actual}` }
    for (const step of resource.converge(current, desired)) {
      if (!('run' in step)) continue
      const ended = await this.sandbox.sh(`set -eu\n${step.run}`, plain(step.stdin ?? ''), `${this.sandbox.root}/bin:`)
      if (ended.exitCode !== 0) return { action, ...told, failed: ended.stderr }
    }
    return { action, ...told }
  }

  /** `kubeadm reset`, as a person runs it. */
  async resetByHand(): Promise<void> {
    await this.sandbox.sh(`${this.sandbox.root}/bin/kubeadm reset --force`)
    // Files are known by inode and second, and what is made next may get an inode that is free now.
    await sleep(1_100)
  }

  /** One apply: what it refuses, or how its first script ended. */
  async apply<C, D, O>(resource: Resource<C, D, O>, desired: D): Promise<ProbeResult | { readonly refused: string }> {
    const current = await this.#probe(resource)
    const change = resource.diff(current, desired as never, { watched: [] })
    if (change?.refused !== undefined) return { refused: `${change.refused.problem}\n${change.refused.actual}` }
    const [step] = resource.converge(current, desired)
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    return this.sandbox.sh(`set -eu\n${step.run}`, plain(step.stdin ?? ''), `${this.sandbox.root}/bin:`)
  }

  // A mark names a folder as the script that wrote it: below the root of the sandbox.
  async #probe<C, D, O>(resource: Resource<C, D, O>): Promise<C> {
    const answer = await this.sandbox.sh(resource.probe.script)
    return resource.probe.parse({ ...answer, stdout: answer.stdout.replaceAll(this.sandbox.root, '') })
  }
}
