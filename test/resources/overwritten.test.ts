import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import type { Step } from '../../src/core/index.ts'
import { changeSteps, recoverySteps } from '../../src/resources/kubeadm/change-steps.ts'
import { kubeletConfigurationFile } from '../../src/resources/kubeadm/kubelet-configuration.ts'
import { processFunction } from '../../src/resources/kubeadm/own-process.ts'
import { PowerCut } from './cut-off.ts'
import { Sandbox } from './sandbox.ts'
import { stateOf } from './state-of.ts'

/** Each time another process of each component runs. */
const anotherProcess = "process_of() { sh -c 'echo $$'; }\n"

const sandbox = new Sandbox()
const at = (path: string) => sandbox.inside(path)
const read = (path: string) => readFileSync(at(path), 'utf8')
const scriptOf = (step: Step | undefined): string => {
  if (step === undefined || !('run' in step)) throw new Error('expected a run step')
  return step.run.replaceAll('/usr/local/bin/kubectl', 'kubectl').replaceAll(processFunction, () => anotherProcess)
}

// What a bind mount makes of the path is told to the kubeadm of the test, which overwrites in place as the real one does.
const stubs = {
  unshare: 'shift\nexec "$@"\n',
  mount: `echo "$2" >${sandbox.root}/copy\n`,
  kubeadm: `if [ "$1" = version ]; then exit; fi
copy=$(cat ${sandbox.root}/copy)
if [ -d "$copy" ]; then copy=$copy/kube-apiserver.yaml; fi
: >"$copy"
for file in /var/lib/kubelet/config.yaml /etc/kubernetes/manifests/kube-apiserver.yaml; do
  [ -s "$file" ] || echo "$file" >>${sandbox.root}/hole
done
echo new >"$copy"
`,
  kubectl: 'case "$*" in *readyz*) exit 0;; *) exit 1;; esac\n',
  curl: 'exit 0\n',
  sleep: ':\n',
  grep: 'exit 1\n',
  systemctl: 'exit 0\n',
  'systemd-run': 'exit 0\n',
}
const host = () => new PowerCut(sandbox, stubs)

const kubelet = kubeletConfigurationFile({}, '1.36.4')
const config = '/var/lib/kubelet/config.yaml'
const manifests = '/etc/kubernetes/manifests'

beforeEach(() => {
  rmSync(sandbox.root, { recursive: true, force: true })
  for (const folder of ['/var/lib/kubelet', manifests, '/var/lib/evcctl']) mkdirSync(at(folder), { recursive: true })
  for (const path of [config, `${manifests}/kube-apiserver.yaml`]) writeFileSync(at(path), 'old\n')
})

test("the kubelet's configuration is whole at any moment of its change, also when the power goes", async () => {
  const script = scriptOf(kubelet.converge(stateOf(kubelet, 'joined=yes'), { configuration: {}, version: '1.36.4' })[1])
  let ends = 0
  for (let before = 1; ends === 0; before++) {
    writeFileSync(at(config), 'old\n')
    const { exitCode } = await host().run(script, before)
    if (exitCode === 0 && read(config) === 'new\n') ends = before
    expect(['old\n', 'new\n'], `cut off before program ${before}`).toContain(read(config))
    expect(await host().run(script)).toMatchObject({ exitCode: 0 })
    expect(read(config)).toBe('new\n')
    expect(existsSync(at(`${config}.evcctl`))).toBe(false)
  }
  expect(existsSync(`${sandbox.root}/hole`)).toBe(false)
})

test('so is a configuration that is not there, which kubeadm writes as it does', async () => {
  rmSync(at(config))
  writeFileSync(`${sandbox.root}/copy`, at(config))
  const script = scriptOf(kubelet.converge(stateOf(kubelet, 'joined=yes'), { configuration: {}, version: '1.36.4' })[1])
  const ran = await host().run(script)
  expect([ran.exitCode, read(config)]).toEqual([0, 'new\n'])
})

const manyRuns = { timeout: 180_000 }
test(
  'the manifests of the control plane are whole at any moment of their change, and of its being put back',
  manyRuns,
  async () => {
    const parts = {
      controlPlane: true,
      edited: true,
      certificate: false,
      kubelet: false,
      kubeProxy: false,
      upload: false,
    }
    const [, change] = changeSteps({
      configuration: '/etc/evcctl/kubeadm.yaml',
      store: 'containerd',
      server: 'https://192.0.2.11:6443',
      parts,
      end: [],
    })
    const [recovery] = recoverySteps('https://192.0.2.11:6443')
    const path = `${manifests}/kube-apiserver.yaml`
    const script = scriptOf(change)
    for (let before = 1; before < 32; before++) {
      writeFileSync(at(path), 'old\n')
      await host().run(script, before)
      expect(['old\n', 'new\n'], `cut off before program ${before}`).toContain(read(path))
      await host().run(scriptOf(recovery), (before % 7) + 1)
      expect(['old\n', 'new\n'], `and the recovery, too`).toContain(read(path))
      expect(await host().run(scriptOf(recovery))).toMatchObject({ exitCode: 0 })
      // What the kubelet takes for manifests.
      expect(readdirSync(at(manifests)).filter(name => !name.startsWith('.'))).toEqual(['kube-apiserver.yaml'])
    }
    expect(existsSync(`${sandbox.root}/hole`)).toBe(false)
  },
)
