import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Go } from './go-toolchain.ts'
import type { GoModule } from './modules.ts'
import { run } from './process.ts'
import { buildFlags, builtName, linkerFlags, type Program } from './programs.ts'

/** Measured on 2 cores: compiling one package, and linking one program, in seconds of both cores. */
const cost = { package: 0.12, program: 0.8, cores: 2 }

/** For `go list -f`: paths of packages that have to be compiled. */
const staleOnly = '{{if and .Stale (ne .Name "main")}}{{.ImportPath}}{{end}}'

/** What a build has to do. */
export interface Work {
  /** Packages that are not in Go's cache yet. */
  readonly packages: number
  /** Programs to link. */
  readonly programs: number
}

/** Where a program of a module is built. */
export function builtFile(folder: string, program: Program): string {
  return join(folder, builtName(program))
}

/** Asks Go what is in its cache already. Downloads the modules that the programs are made of, if need be. */
export async function measureWork(go: Go, module: GoModule, programs: readonly Program[]): Promise<Work> {
  const stale = new Set<string>()
  for (const cgo of [false, true]) {
    const packages = programs.filter(program => program.cgo === cgo).map(program => program.package)
    if (packages.length === 0) continue
    const list = await run([go.command, 'list', ...buildFlags, '-deps', '-f', staleOnly, ...packages], {
      cwd: module.folder,
      env: { ...go.env, CGO_ENABLED: cgo ? '1' : '0' },
    })
    for (const path of list.split('\n')) if (path !== '') stale.add(path)
  }
  return { packages: stale.size, programs: programs.length }
}

/** How long the work takes on this machine if nothing else runs, in seconds. */
export function estimate(work: Work): number {
  const seconds = work.packages * cost.package + work.programs * cost.program
  return (seconds * cost.cores) / Math.max(1, cpus().length)
}

/**
 * Builds programs into a folder, with as few `go build` as can be, so that all cores stay busy: programs appear in the
 * order given. Go renames a program into the folder when it is linked, so what is there is whole; what is there
 * already is not built again.
 *
 * @param onAdvance called for each package compiled, and at the end
 */
export async function buildPrograms(
  go: Go,
  module: GoModule,
  programs: readonly Program[],
  folder: string,
  onAdvance: () => void,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const cgo of [false, true]) {
    const wanted = programs.filter(program => program.cgo === cgo && !existsSync(builtFile(folder, program)))
    if (wanted.length === 0) continue
    const packages = wanted.map(program => program.package)
    await run([go.command, 'build', '-v', ...buildFlags, ...linkerFlags(wanted), '-o', `${folder}/`, ...packages], {
      cwd: module.folder,
      env: { ...go.env, CGO_ENABLED: cgo ? '1' : '0' },
      onErrorLine: onAdvance,
    })
  }
  onAdvance()
}
