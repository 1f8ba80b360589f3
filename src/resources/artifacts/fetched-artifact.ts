import { longProbeMs } from '../../core/limits.ts'
import type { ProbeResult, Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import type { ArtifactDownload } from './artifact-download.ts'
import { cachePath } from './download.ts'
import { explainDownload } from './download-failure.ts'
import { fetchSteps } from './fetch-step.ts'
import { artifactsFolder } from './installed-artifact-script.ts'

export interface FetchedArtifactParameters extends ArtifactDownload {
  /** Name of the artifact that is installed from the download, e.g. `kubelet`. */
  readonly name: string
}

/** Whether the host has a download: complete and not installed yet, or installed. */
export interface FetchedArtifactState {
  readonly is: 'installed' | 'fetched' | 'missing'
}

/**
 * A download that lies complete on the host, or has been installed from. Nothing uses it yet: installedArtifact() finds it in
 * its place and installs it without a download.
 */
export function fetchedArtifact({
  name,
  version,
  source,
  sha256,
  site,
}: FetchedArtifactParameters): Resource<FetchedArtifactState, { readonly sha256: string }> {
  const part = cachePath(sha256)
  return {
    kind: 'download',
    name,
    title: `download of ${name}`,
    probe: {
      script: `if grep -q -s -x -F -e archive=${sha256} ${quote(`${artifactsFolder}/${name}`)}; then echo installed
elif [ -f ${part} ]; then sha256sum <${part}; fi
`,
      timeoutMs: longProbeMs,
      parse: raw => ({ is: stateIn(raw, sha256) }),
    },
    desired: { sha256 },
    diff({ is }) {
      if (is !== 'missing') return undefined
      return { action: 'create', fields: [{ field: 'version', after: version }], note: `from ${site}` }
    },
    // A file of the controller is pushed, and needs nothing more; of a script that downloads, the last line ends it.
    converge: () => fetchSteps({ source, sha256, site }, 'echo "$part is complete"\n'),
    explain: failure =>
      explainDownload(failure, { ...('url' in source ? source : { url: `file:${source.file}` }), sha256, site }),
  }
}

function stateIn({ stdout }: ProbeResult, sha256: string): FetchedArtifactState['is'] {
  const [first = ''] = stdout.split('\n')
  if (first === 'installed') return 'installed'
  return first.startsWith(sha256) ? 'fetched' : 'missing'
}
