import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Change, ProbeResult, Resource, Step } from '../../src/core/index.ts'
import { plain } from '../kit/local-sh.ts'
import { PowerCut } from './cut-off.ts'
import { Sandbox } from './sandbox.ts'

const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'

/**
 * A node of a cluster in a folder, whose keys and certificates are real. Its API server knows its clients by `ca.crt`, its controller
 * manager signs with the files that the test has put into `manager`, and its kubelet reports as soon as it was started.
 */
export class RotatingNode implements Disposable {
  readonly sandbox = new Sandbox()
  readonly #host: PowerCut

  readonly name: string

  constructor(name: string) {
    this.name = name
    for (const folder of [
      'etc/kubernetes/pki',
      'etc/kubernetes/manifests',
      'etc/evcctl',
      'var/lib/kubelet/pki',
      'var/lib/evcctl',
      'proc/self',
    ])
      mkdirSync(this.path(folder), { recursive: true })
    this.write('/etc/evcctl/kubeadm.yaml', 'kind: ClusterConfiguration\ncertificatesDir: /elsewhere\n')
    this.write('/etc/kubernetes/manifests/kube-apiserver.yaml', 'kind: Pod\n')
    this.#host = new PowerCut(this.sandbox, this.#programs())
  }

  [Symbol.dispose](): void {
    rmSync(this.sandbox.root, { recursive: true, force: true })
  }

  /** A path of the host, as the test finds it. */
  path(path: string): string {
    return join(this.sandbox.root, path)
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8')
  }

  has(path: string): boolean {
    return existsSync(this.path(path))
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(path)), { recursive: true })
    writeFileSync(this.path(path), text)
    chmodSync(this.path(path), mode)
  }

  /** Runs openssl and the like in the folder of the host. */
  shell(script: string): string {
    return execFileSync('sh', ['-ec', this.sandbox.inside(script)], {
      cwd: this.sandbox.root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  }

  /** Makes the CA of the cluster, with the subject as kubeadm writes it. */
  makeCa(): void {
    this.shell(`openssl req -x509 ${newKey} -keyout /etc/kubernetes/pki/ca.key -subj /CN=kubernetes -days 3000 -out /etc/kubernetes/pki/ca.crt
chmod 600 /etc/kubernetes/pki/ca.key`)
  }

  /** Gives the node kubeconfigs that trust `ca.crt` as it is, and a client certificate of its kubelet by that CA. */
  makeNode(...kubeconfigs: readonly string[]): void {
    const ca = Buffer.from(this.read('/etc/kubernetes/pki/ca.crt')).toString('base64')
    for (const one of ['kubelet', ...kubeconfigs])
      this.write(
        `/etc/kubernetes/${one}.conf`,
        `clusters:\n- cluster:\n    certificate-authority-data: ${ca}\n    server: https://127.0.0.1:7443\n`,
        0o600,
      )
    this.shell(`cd /etc/kubernetes/pki
openssl req -new ${newKey} -keyout ../../../kubelet.key -subj /O=system:nodes/CN=system:node:${this.name} -out ../../../request
openssl x509 -req -in ../../../request -CA ca.crt -CAkey ca.key -set_serial 3 -days 300 -out ../../../kubelet.crt
cat ../../../kubelet.crt ../../../kubelet.key >/var/lib/kubelet/pki/kubelet-client-first.pem
ln -s /var/lib/kubelet/pki/kubelet-client-first.pem /var/lib/kubelet/pki/kubelet-client-current.pem`)
  }

  async probe<C, D, O>(resource: Resource<C, D, O>): Promise<C> {
    const raw = await this.sandbox.sh(this.#here(resource.probe.script), '', `${this.path('bin')}:`)
    return resource.probe.parse({ ...raw, stdout: raw.stdout.replaceAll(this.sandbox.root, '') })
  }

  /** What a plan says, where the inputs have these values. */
  async compare<C, D, O>(resource: Resource<C, D, O>, desired: D): Promise<Change | undefined> {
    return resource.diff(await this.probe(resource), desired, { watched: [] })
  }

  /** Runs the steps; the power goes before the program with this number, counted in each step. */
  async apply<C, D, O>(resource: Resource<C, D, O>, desired: D, before?: number): Promise<ProbeResult> {
    return this.run(resource.converge(await this.probe(resource), desired), before)
  }

  async run(steps: readonly Step[], before?: number): Promise<ProbeResult> {
    let ended: ProbeResult = { exitCode: 0, stdout: '', stderr: '' }
    for (const step of steps) {
      if ('write' in step || 'push' in step) throw new Error('not needed here')
      const script = 'run' in step ? step.run : step.until.script
      ended = await this.#host.run(this.#here(script), before, plain(('stdin' in step ? step.stdin : undefined) ?? ''))
      if (ended.exitCode !== 0) return ended
    }
    return ended
  }

  /** What the kubelet, the API and others were told to do, a line each. */
  get log(): readonly string[] {
    return this.has('log') ? this.read('log').trim().split('\n') : []
  }

  #here(script: string): string {
    return script.replaceAll('/usr/local/bin/kubectl', 'kubectl').replaceAll('/proc/', `${this.sandbox.root}/proc/`)
  }

  #programs(): Readonly<Record<string, string>> {
    const { root } = this.sandbox
    return {
      sync: 'exit 0\n',
      sleep: 'exit 0\n',
      journalctl: 'exit 0\n',
      systemctl: `echo "$*" >>${root}/log\n`,
      // As kubeadm: into the folder that the documents name.
      kubeadm: `folder=$(sed -n 's/^certificatesDir: //p' "$6")
openssl req -x509 ${newKey} -keyout "$folder/ca.key" -subj /CN=kubernetes -days 3650 -out "$folder/ca.crt" 2>/dev/null
chmod 600 "$folder/ca.key"\n`,
      kubectl: kubectlStub(root),
      curl: curlStub,
    }
  }
}

// An API server takes a client whose certificate a CA of ca.crt has signed.
const curlStub = `while [ $# -gt 0 ]; do
  case $1 in --cert) certificate=$2 ;; esac
  shift
done
if [ -z "$certificate" ] || openssl verify -partial_chain -CAfile /etc/kubernetes/pki/ca.crt "$certificate" >/dev/null 2>&1; then
  printf 200
else
  printf 401
fi
`

// `create`: the request waits; `get csr`: the controller manager signs it by the pair in the folder `manager`.
const kubectlStub = (root: string) => `case "$*" in
*' get node '*) printf 'True %s' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ;;
*' create '*)
  sed -n 's/^  request: //p' | base64 -d >${root}/csr
  echo created >>${root}/log
  ;;
*' get csr '*)
  cd ${root}/manager || exit 1
  openssl x509 -req -in ${root}/csr -CA ca.crt -CAkey ca.key -set_serial 9 -days 90 2>/dev/null | base64 -w 0
  # It has read its files by the next request.
  if [ -e next.crt ]; then mv next.crt ca.crt; mv next.key ca.key; fi
  ;;
esac
`
