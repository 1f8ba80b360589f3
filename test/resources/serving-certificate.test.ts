import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { finishServingCertificate, servingCertificateScript } from '../../src/resources/kubeadm/serving-certificate.ts'
import { throwAwayCa } from './certificate.ts'
import { PowerCut } from './cut-off.ts'
import { Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
const pki = join(sandbox.root, 'etc/kubernetes/pki')
const documents = '/var/lib/evcctl/kubeadm.yaml'
// As kubeadm does it: a folder that has a certificate gets none, and one without a CA is refused.
const kubeadm = `while [ "$1" != --config ]; do shift; done
folder=$(sed -n 's/^certificatesDir: //p' "$2")
[ -s "$folder/ca.key" ] && [ ! -e "$folder/apiserver.crt" ] || exit 1
echo new >"$folder/apiserver.crt"
echo new >"$folder/apiserver.key"
`
const host = () => new PowerCut(sandbox, { kubeadm })
const script = servingCertificateScript(documents)
const pair = () => ['crt', 'key'].map(ending => readFileSync(join(pki, `apiserver.${ending}`), 'utf8').trim())

beforeEach(() => {
  rmSync(sandbox.root, { recursive: true, force: true })
  for (const folder of [pki, join(sandbox.root, 'var/lib/evcctl')]) mkdirSync(folder, { recursive: true })
  for (const name of ['ca.crt', 'ca.key']) writeFileSync(join(pki, name), name)
  for (const name of ['apiserver.crt', 'apiserver.key']) writeFileSync(join(pki, name), 'old')
  writeFileSync(
    join(sandbox.root, documents),
    'kind: InitConfiguration\n---\nkind: ClusterConfiguration\nclusterName: a\n',
  )
})

test('a new certificate of the API server takes the place of the old one, and nothing else is left', async () => {
  expect(await host().run(script)).toMatchObject({ exitCode: 0, stderr: '' })
  expect(pair()).toEqual(['new', 'new'])
  expect(existsSync(join(pki, 'evcctl-apiserver'))).toBe(false)
})

// A CA stands in for a certificate that it has signed: it has signed itself.
const [next, former] = [throwAwayCa().pem, throwAwayCa().pem]
test.each([
  ['the next CA has signed it', next, true],
  ['the former CA has signed it', former, false],
])('has the cross certificate behind it where %s', async (_when, leaf, isBehind) => {
  mkdirSync(join(pki, 'ca-rotation'))
  writeFileSync(join(pki, 'ca-rotation/next.crt'), next)
  writeFileSync(join(pki, 'ca-rotation/cross.crt'), 'cross\n')
  writeFileSync(join(sandbox.root, 'leaf'), leaf)
  const made = kubeadm.replace('echo new >"$folder/apiserver.crt"', `cat ${sandbox.root}/leaf >"$folder/apiserver.crt"`)
  expect(await new PowerCut(sandbox, { kubeadm: made }).run(script)).toMatchObject({ exitCode: 0, stderr: '' })
  expect(pair()[0]).toBe((isBehind ? `${leaf}cross\n` : leaf).trim())
})

test('a certificate that kubeadm cannot make leaves the old one', async () => {
  rmSync(join(pki, 'ca.key'))
  expect((await host().run(script)).exitCode).toBe(1)
  expect(pair()).toEqual(['old', 'old'])
})

test('a host that loses its power at any moment of the change has a certificate, and the next run ends the change', async () => {
  let ends = 0
  for (let before = 1; ends === 0; before++) {
    for (const name of ['apiserver.crt', 'apiserver.key']) writeFileSync(join(pki, name), 'old')
    const { exitCode } = await host().run(script, before)
    if (exitCode === 0) ends = before
    expect(pair()[0], `cut off before program ${before}`).toBe(pair()[1])
    expect((await host().run(finishServingCertificate)).exitCode).toBe(0)
    expect(pair()[0], `recovered after program ${before}`).toBe(pair()[1])
    expect((await host().run(script)).exitCode).toBe(0)
    expect(pair()).toEqual(['new', 'new'])
  }
  expect(ends).toBeGreaterThan(8)
})

test('a pair of which only one file got to its place is completed before anything is asked of the API server', async () => {
  const beside = join(pki, 'evcctl-apiserver')
  mkdirSync(beside)
  for (const name of ['complete', 'apiserver.crt']) writeFileSync(join(beside, name), 'new')
  writeFileSync(join(pki, 'apiserver.key'), 'new')
  expect((await host().run(finishServingCertificate)).exitCode).toBe(0)
  expect(pair()).toEqual(['new', 'new'])
  expect(existsSync(beside)).toBe(false)
})
