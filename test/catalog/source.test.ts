import { describe, expect, it } from 'vitest'
import { type ArtifactSources, artifact, resolveArtifact } from '../../src/catalog/index.ts'
import { UserError } from '../../src/core/index.ts'

const kubelet = artifact('kubelet', '1.36.4', 'amd64')
const runc = artifact('runc', '1.4.3', 'arm64')
const sum = 'f'.repeat(64)

function sources(given: Partial<ArtifactSources>): ArtifactSources {
  return { checksums: {}, ...given }
}

describe('where an artifact comes from', () => {
  it.each([
    ['upstream', {}, 'https://dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet', 'dl.k8s.io'],
    [
      'a mirror',
      { mirror: 'http://10.0.0.5:8090/' },
      'http://10.0.0.5:8090/dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet',
      '10.0.0.5:8090',
    ],
    [
      'a mirror of its site',
      { mirror: { 'dl.k8s.io': 'https://m.example/k8s' } },
      'https://m.example/k8s/release/v1.36.4/bin/linux/amd64/kubelet',
      'm.example',
    ],
    [
      'a mirror of another site',
      { mirror: { 'github.com': 'https://m.example' } },
      'https://dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet',
      'dl.k8s.io',
    ],
  ])('follows from the sources: %s', (_, given, url, site) => {
    expect(resolveArtifact(sources(given), kubelet)).toEqual({ from: { url }, sha256: kubelet.sha256, site })
  })

  it.each([
    ['laid out as a mirror', '/files/dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet'],
    ['flat', '/files/kubelet'],
  ])('may be a folder that is %s', (_, file) => {
    const resolved = resolveArtifact(sources({ folder: '/files' }), kubelet, path => path === file)
    expect(resolved).toEqual({ from: { file }, sha256: kubelet.sha256, site: 'local folder' })
  })

  it('is an error when the folder has it in neither place', () => {
    const resolve = () => resolveArtifact(sources({ folder: '/files' }), kubelet, () => false)
    expect(resolve).toThrow(UserError)
    expect(resolve).toThrow(
      /\/files\/dl\.k8s\.io\/release\/v1\.36\.4\/bin\/linux\/amd64\/kubelet\n +or \/files\/kubelet\n/,
    )
  })
})

describe('what an artifact must hash to', () => {
  it.each([
    ['the whole path', kubelet, 'dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet', true],
    ['an end of the path with the version', kubelet, 'v1.36.4/bin/linux/amd64/kubelet', true],
    ['a file name without version', kubelet, 'kubelet', false],
    ['another architecture', runc, 'v1.4.3/runc.amd64', false],
    ['a file name with version', artifact('containerd', '2.3.4', 'amd64'), 'containerd-2.3.4-linux-amd64.tar.gz', true],
  ])('is looked up in a checksums file by what stands there: %s', (_, wanted, key, found) => {
    const { sha256 } = resolveArtifact(sources({ checksums: { [key]: sum } }), wanted)
    expect(sha256).toBe(found ? sum : wanted.sha256)
  })

  it('is what the lock file has, before the catalog; a checksums file wins over both', () => {
    const locked = { [kubelet.path]: 'e'.repeat(64) }
    expect(resolveArtifact({ ...sources({}), locked }, kubelet).sha256).toBe('e'.repeat(64))
    expect(resolveArtifact({ ...sources({}), locked }, runc).sha256).toBe(runc.sha256)
    const both = { ...sources({ checksums: { 'v1.36.4/bin/linux/amd64/kubelet': sum } }), locked }
    expect(resolveArtifact(both, kubelet).sha256).toBe(sum)
  })

  it('is an error when neither the catalog nor a checksums file has it', () => {
    const privateBuild = artifact('kubelet', '1.36.4-evc.1', 'amd64')
    expect(() => resolveArtifact(sources({}), privateBuild)).toThrow(
      /No sha256 is known for kubelet 1\.36\.4-evc\.1 \(amd64\)[\s\S]*dl\.k8s\.io\/release\/v1\.36\.4-evc\.1\/bin\/linux\/amd64\/kubelet/,
    )
    const { sha256 } = resolveArtifact(sources({ checksums: { [privateBuild.path]: sum } }), privateBuild)
    expect(sha256).toBe(sum)
  })
})
