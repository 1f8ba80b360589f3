/** Builds the package in release/: the archive for `npm publish`, and its list of contents (SBOM) in CycloneDX format. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stagePackage } from './package.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const release = join(root, 'release')
const staged = join(release, 'evcctl')
const npm = (args: readonly string[], cwd: string) => execFileSync('npm', [...args], { cwd, encoding: 'utf8' })

rmSync(release, { recursive: true, force: true })
npm(['run', '--silent', 'build'], root)
stagePackage(root, staged)
npm(['ci', '--ignore-scripts', '--omit=peer', '--no-audit', '--no-fund'], staged)
const archive = npm(['pack', '--silent', '--pack-destination', release], staged).trim()
const { version } = JSON.parse(readFileSync(join(staged, 'package.json'), 'utf8')) as { readonly version: string }
const contents = `evcctl-${version}.cdx.json`
const sbom = npm(['sbom', '--omit=peer', '--sbom-format=cyclonedx'], staged)
writeFileSync(join(release, contents), sbom)
rmSync(staged, { recursive: true })
console.log(`release/${archive} and release/${contents} are ready. Next: npm publish ./release/${archive}`)
