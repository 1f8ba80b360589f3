import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import { type ArtifactName, artifact, catalog } from '../../src/catalog/index.ts'
import type { ErrorDetails, UserError } from '../../src/core/index.ts'
import { lookUpArtifact } from '../../src/releases/index.ts'
import { quickly, startSite } from './site.ts'

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
const release = '/dl.k8s.io/release/v1.37.2/bin/linux'

async function errorOf(files: Parameters<typeof startSite>[0]): Promise<ErrorDetails & { readonly exitCode: number }> {
  await using site = await startSite(files)
  const error = await lookUpArtifact('kubelet', '1.37.2', site.url, quickly).catch((thrown: UserError) => thrown)
  if (!('details' in error)) throw new Error('it gave no error')
  return { ...error.details, exitCode: error.exitCode }
}

describe('the sha256 of a version', () => {
  const both = `${a}  `
  it.each<[ArtifactName, string, Readonly<Record<string, string>>]>([
    ['kubelet', '1.37.2', { [`${release}/amd64/kubelet.sha256`]: a, [`${release}/arm64/kubelet.sha256`]: `${b}\n` }],
    [
      'etcd',
      '3.7.0',
      {
        '/github.com/etcd-io/etcd/releases/download/v3.7.0/SHA256SUMS': `${both}etcd-v3.7.0-linux-amd64.tar.gz
${'c'.repeat(64)}  etcd-v3.7.0-darwin-amd64.zip
${b}  etcd-v3.7.0-linux-arm64.tar.gz
`,
      },
    ],
    [
      'runc',
      '1.5.0',
      {
        '/github.com/opencontainers/runc/releases/download/v1.5.0/runc.sha256sum': `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

${both}runc.amd64
${b} *runc.arm64
${'c'.repeat(64)}  runc.tar.xz
-----BEGIN PGP SIGNATURE-----
iQJDBAEBCgAtFiEE
-----END PGP SIGNATURE-----
`,
      },
    ],
    [
      'containerd',
      '2.4.0',
      Object.fromEntries(
        [a, b].map((sum, index) => {
          const { path } = artifact('containerd', '2.4.0', index === 0 ? 'amd64' : 'arm64')
          return [`/${path}.sha256sum`, `${sum}  ${path.split('/').at(-1)}\n`]
        }),
      ),
    ],
    [
      'cri-o',
      '1.37.0',
      Object.fromEntries(
        [a, b].map((sum, index) => {
          const { path } = artifact('cri-o', '1.37.0', index === 0 ? 'amd64' : 'arm64')
          // The path of the build is in it.
          return [`/${path}.sha256sum`, `${sum}  build/${path.split('/').at(-1)}\n`]
        }),
      ),
    ],
  ])('of %s is read as its site publishes it', async (name, version, files) => {
    await using site = await startSite(files)
    const found = await lookUpArtifact(name, version, site.url, quickly)
    expect(found).toEqual({ from: site.host, amd64: a, arm64: b })
    // A file with both is asked for once.
    expect(site.asked).toHaveLength(Object.keys(files).length)
  })

  it.each(['cri-dockerd', 'calico-manifest', 'cilium-chart'] as const)(
    'of %s is that of the file itself, because none is published',
    async name => {
      expect('checksums' in catalog[name]).toBe(false)
      const { path } = artifact(name, '9.9.9', 'amd64')
      await using site = await startSite({ [`/${path}`]: 'the file' })
      const found = await lookUpArtifact(name, '9.9.9', site.url, quickly)
      expect(found.amd64).toBe(createHash('sha256').update('the file').digest('hex'))
    },
  )

  it('may be there for one architecture only', async () => {
    await using site = await startSite({ [`${release}/arm64/kubelet.sha256`]: b })
    expect(await lookUpArtifact('kubelet', '1.37.2', site.url, quickly)).toEqual({ from: site.host, arm64: b })
  })

  it('is asked of the mirror of its site, and of upstream where the site has none', async () => {
    await using site = await startSite({ '/k8s/release/v1.37.2/bin/linux/amd64/kubelet.sha256': a })
    const found = await lookUpArtifact('kubelet', '1.37.2', { 'dl.k8s.io': `${site.url}/k8s/` }, quickly)
    expect(found).toEqual({ from: site.host, amd64: a })
  })
})

describe('a site that has no sha256 of a version', () => {
  it('is told with the versions that are there, as a mistake in the file', async () => {
    const error = await errorOf({})
    expect(error).toMatchObject({
      where: expect.stringMatching(/\/v1\.37\.2\/bin\/linux\/amd64\/kubelet\.sha256$/),
      problem: expect.stringMatching(/^127\.0\.0\.1:\d+ has no checksum of kubelet 1\.37\.2 \(amd64\)\.$/),
      expected: expect.stringContaining('1.36.4'),
      actual: 'status 404',
      exitCode: 3,
    })
  })

  const answers: readonly [string, string | RequestListener, string][] = [
    ['a login page', '<!DOCTYPE html><html>Sign in to WiFi</html>', 'a web page'],
    ['nothing', '', 'an empty file'],
    ['the sha256 of other files', `${a}  kubectl\n`, 'without a sha256 of kubelet'],
    ['two for the same file', `${a}  kubelet\n${b}  kubelet\n`, '2 different sha256'],
    ['a digest that is too short', 'a'.repeat(63), 'a text of 63 characters'],
    ['a sha512', 'a'.repeat(128), 'a text of 128 characters'],
    ['a digest and more', `${a} and more`, 'without a sha256 of kubelet'],
  ]
  it.each(answers)('but %s is refused, and nothing of it is shown', async (_, answer, words) => {
    const error = await errorOf({ [`${release}/amd64/kubelet.sha256`]: answer, [`${release}/arm64/kubelet.sha256`]: b })
    expect(error).toMatchObject({ problem: 'The checksum file of kubelet 1.37.2 (amd64) cannot be used.', exitCode: 1 })
    expect(error.actual).toContain(words)
    expect(JSON.stringify(error)).not.toContain('WiFi')
  })

  it('but a text without an end is given up', async () => {
    const error = await errorOf({
      [`${release}/amd64/kubelet.sha256`]: (_, response) => {
        const more = () => {
          while (response.write('x'.repeat(64 * 1024)));
          response.once('drain', more)
        }
        more()
      },
    })
    expect(error.problem).toContain('could not be looked up: more than 1 MiB')
  })

  it('because it fails, is no reason to record the other architecture', async () => {
    const error = await errorOf({
      [`${release}/amd64/kubelet.sha256`]: a,
      [`${release}/arm64/kubelet.sha256`]: (_, response) => response.writeHead(500).end(),
    })
    expect(error).toMatchObject({ problem: expect.stringContaining('(arm64) could not be looked up: status 500') })
  })

  it('is told without the login of the mirror', async () => {
    await using site = await startSite({})
    const mirror = site.url.replace('//', '//ada:s3cret@')
    await expect(lookUpArtifact('kubelet', '1.37.2', mirror, quickly)).rejects.not.toThrow('s3cret')
  })
})
