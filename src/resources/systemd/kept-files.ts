import { syncLine, syncTreeLine } from '../../shell/on-disk.ts'
import { quote, quoteAll } from '../../shell/quote.ts'
import { startedFolder, statScript } from './state.ts'

/** A unit of a running node, and the files that it gets back when it does not run well with new ones. */
export interface KeptUnit {
  /** With its suffix. */
  readonly unit: string
  /** Absolute paths of text files: configuration, flags, the unit file. */
  readonly files: readonly string[]
  /** Absolute paths of all files whose change needs a restart or reload; see SystemdUnitParameters. */
  readonly watches: readonly string[]
  /** The file for which a reload is enough, when only that file is put back. */
  readonly reloads?: string
}

/** The text before the paths of files that a script has put back, on stderr. */
export const putBackMark = '--- put back: '

const folder = '/var/lib/evcctl/proven'

/** The folder with the kept files of a unit. */
export function keptFolder(unit: string): string {
  return `${folder}/${unit}`
}

/**
 * Lines of sh that keep copies of the current files of units, with which the units run well. The copies are complete before
 * they count. A run that is killed in between keeps them again: what shows that they have to be kept is removed only
 * afterwards (marks are deleted, the stamp of a unit is moved to its place).
 */
export function keepScript(kept: readonly KeptUnit[]): string {
  const units = kept.map(({ unit, files }) => `  keep ${quote(unit)} ${quoteAll(files)}\n`)
  return `( umask 077
  keep() {
    proven=${folder}/$1
    shift
    rm -rf "$proven.next"
    mkdir -p "$proven.next"
    for file in "$@"; do
      if [ ! -f "$file" ]; then continue; fi
      mkdir -p "$proven.next\${file%/*}"
      cp -p "$file" "$proven.next$file"
    done
    ${syncTreeLine('"$proven.next"')}
    rm -rf "$proven"
    mv -fT "$proven.next" "$proven"
  }
${units.join('')})
`
}

// A process that has not loaded the new file yet may have connections that a restart would end.
function againLine({ unit, reloads }: KeptUnit, index: number): string {
  const restart = `systemctl restart -- ${quote(unit)}`
  if (reloads === undefined) return restart
  const runs = `[ "$(systemctl show -p ActiveState --value -- ${quote(unit)})" = active ]`
  return `if [ "$again_${index}" = ${quote(` ${reloads}`)} ] && ${runs}; then systemctl reload -- ${quote(unit)}; else ${restart}; fi`
}

/**
 * Shell function `put_back`: restores the kept files of the units, prints their paths on stderr after `putBackMark`, and
 * restarts those units. It fails when there is nothing to restore. `start` starts the last unit, which is stopped before.
 */
export function putBackFunction(kept: readonly KeptUnit[], start?: string): string {
  const lines = kept.map(
    (
      { unit, files, reloads },
      index,
    ) => `  if put_files ${quote(unit)} ${quoteAll(files)}; then back="$back $changed" again_${index}=${reloads === undefined ? 'yes' : '$changed'}; fi
`,
  )
  const restarts = kept.map((one, index) => {
    const last = index === kept.length - 1
    // The last unit may depend on files of the others.
    const condition = last ? '[ -n "$back" ]' : `[ -n "$again_${index}" ]`
    const stamp = `${startedFolder}/${one.unit}`
    return `  if ${condition}; then
    { ${statScript(one.watches)}; } >${stamp}.next
    ${last && start !== undefined ? `systemctl stop -- ${quote(one.unit)}\n    ${start}` : againLine(one, index)} || echo "${one.unit} does not start" >&2
    mv -fT ${stamp}.next ${stamp}
  fi
`
  })
  return `put_files() {
  proven=${folder}/$1 changed=
  shift
  if [ ! -d "$proven" ]; then return 1; fi
  for file in "$@"; do
    if [ -f "$proven$file" ]; then
      if cmp -s "$proven$file" "$file"; then continue; fi
      if ! { cp -p "$proven$file" "$file.evcctl" && ${syncLine('"$file.evcctl"')} && mv -fT "$file.evcctl" "$file"; }; then
        rm -f "$file.evcctl"
        echo "$file could not be put back" >&2
        continue
      fi
    elif [ ! -e "$file" ] || ! rm -f "$file"; then continue; fi
    changed="$changed \${file}"
  done
  [ -n "$changed" ]
}
put_back() {
  back=${kept.map((_, index) => ` again_${index}=`).join('')}
${lines.join('')}  if [ -z "$back" ]; then return 1; fi
  echo "${putBackMark}\${back#  }" >&2
  systemctl daemon-reload
${restarts.join('')}}
`
}
