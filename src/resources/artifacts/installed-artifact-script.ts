import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { cacheFolder } from './download.ts'

/** Which part of a download is installed where. All files belong to root; programs have mode 0755. */
export type Install =
  /** The download is not a program but a file that programs read: mode 0644. */
  | { readonly data: string }
  /** The download is the program. */
  | { readonly binary: string }
  /** Members of a tar archive (gzip) → absolute paths. */
  | { readonly members: Readonly<Record<string, string>> }
  /** Every executable file of a tar archive (gzip), whatever folder it is in, into one folder. */
  | { readonly folder: string }

/** Permission bits of the installed files, in octal. */
export function modeOf(install: Install): string {
  return 'data' in install ? '644' : '755'
}

/** Folder with the record of each installed artifact. */
export const artifactsFolder = '/var/lib/evcctl/artifacts'

// Mode, and what shows that a file was replaced or edited without reading it; in UTC, as a host may change its time zone.
export const lookFormat = '%a:%s:%i:%z'

/** The message by which the failure is recognised when a program is for another machine. */
export const anotherMachine = 'is a program for another kind of machine'

// Class and machine of an ELF file (elf(5): bytes 4, 18 and 19). A file of another format may be a script.
const machineCheck = `case $(uname -m) in x86_64) machine=023e00;; aarch64) machine=02b700;; *) machine=;; esac
fits() {
  its=$(od -An -v -tx1 -N20 "$1" | tr -d ' \\n' | sed -n 's/^7f454c46\\(..\\).\\{26\\}\\(....\\)$/\\1\\2/p')
  if [ -n "$its" ] && [ -n "$machine" ] && [ "$its" != "$machine" ]; then
    echo "$(basename "$1") ${anotherMachine} (ELF $its, here $machine)" >&2
    exit 1
  fi
}
`

/**
 * Installs from \`$part\`, which has been checked. It unpacks beside it and puts each file in place by rename: a running
 * program keeps its old file, and a program for another machine replaces nothing. Then it removes the files that only the
 * version before had, and writes the record last.
 */
export function installScript(name: string, version: string, sha256: string, install: Install): string {
  const stamp = quote(`${artifactsFolder}/${name}`)
  return `umask 022
stamp=${stamp}
unpacked=${quote(`${cacheFolder}/${name}.unpacked`)}
mkdir -p ${artifactsFolder}
chmod 700 /var/lib/evcctl
record="$stamp.next"
# Where the disk is full, what is left behind would keep it so.
trap 'rm -rf "$unpacked" "$record" "$record.paths" "$part"' EXIT
printf 'version=%s\\narchive=%s\\n' ${quote(version)} ${sha256} >"$record"
${'data' in install ? '' : machineCheck}put() {
${'data' in install ? '' : '  fits "$1"\n'}  mkdir -p "$(dirname "$2")"
  if ! { install -m 0${modeOf(install)} -o root -g root "$1" "$2.evcctl-new" && ${syncLine('"$2.evcctl-new"')} && hash=$(sha256sum <"$2.evcctl-new") && mv -fT "$2.evcctl-new" "$2"; }; then
    rm -f "$2.evcctl-new"
    exit 1
  fi
  hash=\${hash%% *}
  echo "file=$hash $(TZ=UTC0 stat -c '${lookFormat}' "$2") $2" >>"$record"
}
${unpackLines(install)}if [ -f "$stamp" ]; then
  sed -n 's|^file=[^/]*||p' "$stamp" | while IFS= read -r old; do
    if ! grep -q -F -x "$old" "$record.paths" && { [ -L "$old" ] || [ ! -d "$old" ]; }; then rm -f "$old"; fi
  done
fi
${syncLine('"$record"')}
# Once it is on record nobody looks for what is left of the download, so that goes before.
rm -rf "$unpacked" "$record.paths" "$part"
mv -fT "$record" "$stamp"
`
}

/** Removes the files of the record, and the record last. A path that is no file by now belongs to somebody else, and stays. */
export function removeScript(name: string): string {
  return `stamp=${quote(`${artifactsFolder}/${name}`)}
if [ ! -f "$stamp" ]; then exit 0; fi
sed -n 's|^file=[^/]*||p' "$stamp" | while IFS= read -r old; do
  if [ -L "$old" ] || [ ! -d "$old" ]; then rm -f "$old"; fi
done
rm -f "$stamp"
`
}

function unpackLines(install: Install): string {
  const list = `sed -n 's|^file=[^/]*||p' "$record" >"$record.paths"\n`
  if ('data' in install) return `put "$part" ${quote(install.data)}\n${list}`
  if ('binary' in install) return `put "$part" ${quote(install.binary)}\n${list}`
  const unpack = `rm -rf "$unpacked"\nmkdir -p "$unpacked"\ntar -xzf "$part" -C "$unpacked" --no-same-owner`
  if ('members' in install) {
    const members = Object.entries(install.members)
    const puts = members.map(([member, path]) => `put "$unpacked/"${quote(member)} ${quote(path)}\n`)
    return `${unpack} ${members.map(([member]) => quote(member)).join(' ')}\n${puts.join('')}${list}`
  }
  return `${unpack}
find "$unpacked" -type f -perm -u+x | LC_ALL=C sort | while IFS= read -r program; do
  put "$program" ${quote(install.folder)}/"$(basename "$program")"
done
${list}if [ ! -s "$record.paths" ]; then echo 'there is no program in the archive' >&2; exit 1; fi
`
}
