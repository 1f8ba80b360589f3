import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Go } from './go-toolchain.ts'
import type { GoModule } from './modules.ts'
import { run } from './process.ts'
import { buildFlags, builtName, linkerFlags, type Program } from './programs.ts'

/** Seconds for one package to compile and for one program to link, measured on 2 cores. */
const cost = { package: 0.12, program: 0.8, cores: 2 }

/** For `go list -f`: the paths of packages that have to be compiled. */
const staleOnly = '{{if and .Stale (ne .Name "main")}}{{.ImportPath}}{{end}}'

/** The work of a build. */
export interface Work {
  /** Packages that are not in Go's cache yet. */
  readonly packages: number
  /** Programs to link. */
  readonly programs: number
}

/** The file to which a program of a module is built. */
export function builtFile(folder: string, program: Program): string {
  return join(folder, builtName(program))
}

/** Asks Go which packages are missing in its cache. Downloads modules that are needed for that. */
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

/** An estimate of the time that the work takes on this machine if nothing else runs, in seconds. */
export function estimate(work: Work): number {
  const seconds = work.packages * cost.package + work.programs * cost.program
  return (seconds * cost.cores) / Math.max(1, cpus().length)
}

/**
 * Builds programs into a folder. As few `go build` as possible run, so that all cores stay busy. Programs appear in the
 * given order. Go renames each program when it is linked, so a program in the folder is complete; existing ones are not
 * built again. `onAdvance` is called for each compiled package, and at the end.
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
