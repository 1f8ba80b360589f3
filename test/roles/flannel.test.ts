import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { cniScript, cniTemplate } from '../../roles/flannel/cni-configuration.ts'
import { flannelObjects } from '../../roles/flannel/objects.ts'

const settings = {
  podCIDR: '10.244.0.0/16',
  backend: 'vxlan',
  image: 'ghcr.io/flannel-io/flannel:v0.28.4',
  endpoint: '127.0.0.1:7443',
} as const

test('the API server gets the manifest of the golden', async () => {
  const text = flannelObjects(settings).map(object => stringify(object, { lineWidth: 0 }))
  await expect(text.join('---\n')).toMatchFileSnapshot('../goldens/roles/flannel.yaml')
})

test('pods are replaced when the configuration changes, and only then', () => {
  const template = (changes: Partial<{ podCIDR: string; endpoint: string }>) => {
    const daemonSet = flannelObjects({ ...settings, ...changes }).find(object => object.kind === 'DaemonSet')!
    return JSON.stringify((daemonSet.spec as { template: object }).template)
  }
  expect(template({})).toBe(template({}))
  expect(template({ podCIDR: '10.1.0.0/16' })).not.toBe(template({}))
})

test('an external endpoint is where flannel finds the API', () => {
  const text = JSON.stringify(flannelObjects({ ...settings, endpoint: '[2001:db8::1]:6443' }))
  expect(text).toContain('{"name":"KUBERNETES_SERVICE_HOST","value":"2001:db8::1"}')
  expect(text).toContain('{"name":"KUBERNETES_SERVICE_PORT","value":"6443"}')
})

/** Runs the script that waits for flanneld, in a folder, as long as `work` takes. */
async function running(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-cni-'))
  for (const name of ['run/flannel', 'etc/cni/net.d', 'etc/kube-flannel'])
    mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'etc/kube-flannel/cni-conf.json'), cniTemplate)
  const script = cniScript.replaceAll(/\/(run\/flannel|etc\/cni|etc\/kube-flannel)/g, `${folder}/$1`)
  const child = spawn('sh', ['-c', script.replace('pause=10', 'pause=0.1').replace('pause=1\n', 'pause=0.1\n')])
  const ended = new Promise(resolve => child.on('close', resolve))
  try {
    await work(folder)
  } finally {
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  }
}

const decide = (folder: string, subnet: string) =>
  writeFileSync(
    join(folder, 'run/flannel/subnet.env'),
    `FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=${subnet}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n`,
  )

async function subnetIn(folder: string, wanted: string) {
  const path = join(folder, 'etc/cni/net.d/10-flannel.conflist')
  for (let tries = 0; tries < 100; tries++) {
    await sleep(50)
    try {
      const text = readFileSync(path, 'utf8')
      if (text.includes(wanted)) return JSON.parse(text) as { plugins: { mtu?: number; ipam?: object }[] }
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error
    }
  }
  throw new Error(`${path} never had ${wanted}`)
}

test('the CNI configuration follows what flanneld decides, also when it decides again', async () => {
  await running(async folder => {
    decide(folder, '10.244.3.1/24')
    const first = await subnetIn(folder, '10.244.3.0/24')
    expect(first.plugins[0]).toMatchObject({
      mtu: 1450,
      ipam: { ranges: [[{ subnet: '10.244.3.0/24' }]], routes: [{ dst: '10.244.0.0/16' }] },
    })
    decide(folder, '10.244.135.129/26')
    await subnetIn(folder, '10.244.135.128/26')
  })
})
