import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { UserError } from '../../src/core/index.ts'
import { askKubeadm } from '../../src/releases/index.ts'
import { quickly, startSite } from './site.ts'

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
// A script needs no particular processor: so on other systems it runs as well.
const linux = { platform: 'linux', arch: process.arch }
const place = `/dl.k8s.io/release/v1.38.0/bin/linux/${architecture}/kubeadm`
const images = `registry.k8s.io/kube-apiserver:v1.38.0
registry.k8s.io/coredns/coredns:v1.15.0
registry.k8s.io/pause:3.11
registry.k8s.io/etcd:3.7.1-0
`

interface Answers {
  readonly version?: string
  readonly list?: string
  readonly apiVersion?: string
  readonly before?: string
}

/** A program that answers as kubeadm does (tried with kubeadm 1.36.4). It takes only documents of one version. */
function kubeadm({ version = 'v1.38.0', list = images, apiVersion = 'v1beta4', before = '' }: Answers = {}): string {
  return `#!/bin/sh
${before}
case "$*" in
'version -o short') echo ${version} ;;
'config images list --kubernetes-version v1.38.0') cat <<'END'
${list}END
;;
'config validate --config '*)
  if grep apiVersion "$4" | grep -qv 'kubeadm.k8s.io/${apiVersion}$'; then
    echo 'error: unknown configuration APIs' >&2
    exit 1
  fi
  echo ok ;;
*) echo "unknown: $*" >&2; exit 2 ;;
esac
`
}

async function ask(program: string, sha256 = createHash('sha256').update(program).digest('hex')) {
  await using site = await startSite({ [place]: program })
  return await askKubeadm('1.38.0', one => (one === architecture ? sha256 : undefined), site.url, quickly, linux)
}

async function errorOf(...given: Parameters<typeof ask>) {
  const error = await ask(...given).catch((thrown: UserError) => thrown)
  if (!('details' in error)) throw new Error('it gave no error')
  return { ...error.details, exitCode: error.exitCode }
}

describe('a kubeadm that evcctl does not know', () => {
  it('tells its images, and leaves nothing behind', async () => {
    const folders = () => readdirSync(tmpdir()).filter(name => name.startsWith('evcctl-kubeadm-'))
    const before = folders()
    expect(await ask(kubeadm())).toEqual({ etcd: '3.7.1-0', coredns: 'v1.15.0', pause: '3.11' })
    expect(folders()).toEqual(before)
  })

  it('gets nothing of the environment of evcctl', async () => {
    process.env.EVCCTL_TEST_SECRET = 'hunter22'
    try {
      await ask(kubeadm({ before: '[ -z "$EVCCTL_TEST_SECRET" ] || exit 9' }))
    } finally {
      delete process.env.EVCCTL_TEST_SECRET
    }
  })

  it('does not run as root', async () => {
    await ask(kubeadm({ before: '[ "$(id -u)" != 0 ] || exit 9' }))
  })

  it('is not run when it is another file than its checksum says', async () => {
    const error = await errorOf(kubeadm(), 'a'.repeat(64))
    expect(error).toMatchObject({
      problem: 'kubeadm 1.38.0 is not the file that its checksum is of. It was not run.',
      expected: `sha256 ${'a'.repeat(64)}`,
      actual: expect.stringMatching(/^sha256 [0-9a-f]{64} \(\d+ bytes\)$/),
    })
  })

  it('that does not take v1beta4 is refused', async () => {
    expect(await errorOf(kubeadm({ apiVersion: 'v1beta5' }))).toMatchObject({
      where: 'spec.kubernetes.version',
      expected: 'a kubeadm that knows kubeadm.k8s.io/v1beta4',
      actual: 'error: unknown configuration APIs',
      exitCode: 3,
    })
  })

  it.each([
    ['is of another version', { version: 'v1.36.4' }, 'its version', 'v1.36.4'],
    ['lists no pause', { list: images.replace('pause', 'paws') }, 'its list of images', 'paws:3.11'],
    ['lists a tag that is none', { list: images.replace('3.11', '$(id)') }, 'its list of images', '$(id)'],
  ] as const)('that %s is refused', async (_, answers, what, actual) => {
    const error = await errorOf(kubeadm(answers))
    expect(error.problem).toContain(what)
    expect(error.actual).toContain(actual)
  })

  it('that fails is told with its words', async () => {
    const error = await errorOf(kubeadm({ before: 'echo "Illegal instruction" >&2; exit 132' }))
    expect(error).toMatchObject({
      problem: 'kubeadm 1.38.0 gave no answer on this machine.',
      actual: 'Illegal instruction',
    })
  })
})

it('a machine that cannot run kubeadm is told to let another one do it', async () => {
  const machine = { platform: 'darwin', arch: 'arm64' }
  const asked = askKubeadm('1.38.0', () => 'a'.repeat(64), undefined, quickly, machine)
  await expect(asked).rejects.toThrow(
    /expected {2}Linux on amd64 or arm64\n {2}actual {4}darwin on arm64\n {2}Apply it once from/,
  )
})
